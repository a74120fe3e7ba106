"""`predict` for faces: the embedding of each image."""

import os
from typing import Any

import keras

from dlzoo.faces.embedding import Embedded, Embedder


def predict(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    batch_size: int = 64,
    alignment: str = "none",
) -> list[Embedded]:
    """Embed faces; `Embedder` does the same with more choices.

    Args:
        model: The folder that `train` wrote, a `.keras` file, or a model from raw RGB to
            vectors.
        images, batch_size: As in `dlzoo.predict`.
        alignment: As in `Embedder`; `"none"`: images are cut out and aligned as those that
            the network has learnt from.

    Returns:
        One `Embedded` an image, in the order given; folders and patterns sorted.

    Raises:
        ValueError: The model cannot be used, e.g. because it takes two images.
            `dlzoo.errors.DataError`: An image cannot be read, or there is none.
    """
    embedder = Embedder(model, alignment=alignment, batch_size=batch_size)
    return list(embedder.faces_of(images))
