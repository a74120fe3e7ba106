"""`predict` for faces: the embedding of each image."""

import os
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_positive_int
from dlzoo.data import decode
from dlzoo.data.sources import image_sources
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.layers.saved_model import open_model
from dlzoo.training import forward
from dlzoo.training.image_models import input_size


@dataclass(frozen=True, eq=False)
class Embedding:
    """What a network says about one face.

    Attributes:
        image: Its path, or its place among the images.
        vector: float32 `(dimensions,)`; near those of the same person.
    """

    image: str
    vector: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"image": self.image, "vector": self.vector.tolist()}

    def __str__(self) -> str:
        start = ", ".join(f"{value:.3f}" for value in self.vector[:4])
        return f"{self.image}: {len(self.vector)} numbers ({start} ...)"


def predict(
    model: str | os.PathLike | keras.Model, images: Any, *, batch_size: int = 64
) -> list[Embedding]:
    """Embed faces that are cut out and aligned as those that the network has learnt from.

    Args:
        model: The folder that `train` wrote, a `.keras` file, or a model from raw RGB to
            vectors.
        images, batch_size: As in `dlzoo.predict`.

    Returns:
        One `Embedding` an image, in the order given; folders and patterns sorted.

    Raises:
        ValueError: The model cannot be used, e.g. because it takes two images.
            `dlzoo.errors.DataError`: An image cannot be read, or there is none.
    """
    check_positive_int("predict", "batch_size", batch_size)
    names, sources = image_sources("predict", images)
    model = open_model(model)
    size = input_size(model)
    preprocessing_layer(model, None)  # raises where pixels would have to be scaled first
    vectors = forward(model, decode(sources, size), batch_size, what="Embedding")
    return [Embedding(name, vector) for name, vector in zip(names, vectors, strict=True)]
