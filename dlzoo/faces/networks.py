"""A network that embeds faces, in the form in which it is trained.

Body, perhaps a fully connected layer behind it, and what only training needs: directions of
classes (ArcFace) or the weights of a learnt distance (siamese). Whatever network comes in is
brought into this form, on a copy: the caller's model stays as it is.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from dlzoo import models
from dlzoo.layers import CosineScores, L2Normalize, LearnedDistance, PairScores
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.models import Network, create_model
from dlzoo.models.siamese import BODY, DISTANCE, WHO
from dlzoo.training import seeded
from dlzoo.training.image_models import chosen_size, first_weights, flat, free_name
from dlzoo.weights import card

TASK = "faces"
DIMENSIONS = 128  # behind a network that is none for faces


@dataclass(frozen=True)
class FaceNetwork:
    """A network in the form in which it is trained.

    Attributes:
        name: Of the network.
        body: `(batch, height, width, 3)`, RGB of 0 to 255, to `(batch, features)`.
        dense: From features to embeddings; None if they are it.
        scores: What the loss needs behind embeddings: `CosineScores`, `PairScores` or None.
        pretrained: Whether the body has learnt something that is worth keeping.
        load_report: What was loaded, if dlzoo did it.
    """

    name: str
    body: keras.Model
    dense: layers.Dense | None
    scores: Any
    pretrained: bool
    load_report: Any = None

    @property
    def core(self) -> keras.Model:
        """The body; what comes behind stays in float32."""
        return self.body

    @property
    def on_features(self) -> None:
        """Embeddings learn more from augmented images than from features that were kept."""
        return None

    @property
    def head_layers(self) -> list[layers.Layer]:
        """What is new and trains in every stage."""
        return [layer for layer in (self.dense, self.scores) if layer is not None]

    @property
    def learns_distance(self) -> bool:
        """Whether embeddings are compared by weights that are learnt, not by their length."""
        return isinstance(self.scores, PairScores)

    def embeddings(self, features: Any, dropout: Any = None) -> Any:
        """From features on, a symbolic tensor; of unit length."""
        x = features if dropout is None else dropout(features)
        x = x if self.dense is None else self.dense(x)
        return L2Normalize(dtype="float32", name="unit_length")(x)

    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        """From images to what the loss takes."""
        image = keras.Input(self.body.input.shape[1:], name="image")
        x = image if augmentation is None else augmentation(image)
        drop = layers.Dropout(dropout, seed=seed) if dropout else None
        x = self.embeddings(self.body(x), drop)
        x = x if self.scores is None else self.scores(x)
        return keras.Model(image, x, name="training")

    def embedder(self) -> keras.Model:
        """From raw images to embeddings."""
        name = BODY if self.learns_distance else self.name
        return Network(self.body.input, self.embeddings(self.body.output), name=name)

    def finished(self, embedder: keras.Model) -> keras.Model:
        """What is saved: the embedder, of a siamese network around it two inputs and `p`."""
        if not self.learns_distance:
            return embedder
        shape = embedder.input.shape[1:]
        pair = [keras.Input(shape, name=f"image_{side}") for side in "ab"]
        distance = LearnedDistance(dtype="float32", name=DISTANCE)
        model = Network(pair, distance([embedder(image) for image in pair]), name=WHO)
        distance.set_weights(self.scores.get_weights())
        return model

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Embeddings `(n, d)` and `(m, d)` to `(n, m)`, larger for those less alike.

        Squared distances; of a siamese network the probability of "not the same".
        """
        if not self.learns_distance:
            squares = (a**2).sum(-1)[:, None] + (b**2).sum(-1)[None] - 2 * a @ b.T
            return np.maximum(squares, 0)
        kernel, bias = self.scores.get_weights()
        rows = [np.abs(row - b) @ kernel[:, 0] for row in a]  # (n, m, d) would be large
        logits = np.stack(rows).astype(np.float64) + bias[0]
        return np.exp(-np.logaddexp(0, logits))


def size_of(model: str | keras.Model, image_size: Any) -> tuple[int, int]:
    """Height and width of the images: as asked for, or the network's usual."""
    if isinstance(model, str) and image_size is None and card(model).task == TASK:
        shape = inspect.signature(getattr(models, model)).parameters["input_shape"].default
        return shape[0], shape[1]
    return chosen_size(model, image_size)


def from_zoo(
    name: str,
    weights: Any,
    size: tuple[int, int],
    dimensions: int | None,
    seed: int,
    options: Mapping[str, Any],
) -> tuple[keras.Model, layers.Dense | None, bool, Any]:
    """A network of the zoo, for faces or a classification network.

    Args:
        name: Of the network.
        weights: `"auto"` are the first on its card, or none.
        size: Height and width of the images.
        dimensions: Of the embeddings; None: the network's own, or 128.
        seed: Of what is random.
        options: Of the builder.

    Returns:
        Body, dense layer (or None), whether it has learnt something, the load report.
    """
    weights = first_weights(name, weights, {})
    common = {"input_shape": (*size, 3), "include_preprocessing": True} | dict(options)
    with seeded(seed):
        if card(name).task == TASK:
            own = {} if dimensions is None else {"dimensions": dimensions}
            body = create_model(name, weights, normalize=False, **common, **own)
            dense = None
        else:
            body = create_model(name, weights, classes=0, pooling="avg", **common)
            dense = _dense(body.input, body.output, dimensions or DIMENSIONS)
    return body, dense, weights is not None, getattr(body, "load_report", None)


def from_model(
    model: keras.Model,
    size: tuple[int, int],
    dimensions: int | None,
    preprocessing: Any,
    seed: int,
) -> tuple[keras.Model, layers.Dense | None]:
    """Any Keras model from images to a vector or a feature map; a copy is used.

    A vector is the embedding, unless other `dimensions` are asked for; behind a feature map
    come the mean over its places and a fully connected layer.
    """
    with seeded(seed):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        x = image = keras.Input((*size, 3), name="image")
        layer = preprocessing_layer(model, preprocessing)
        x = flat(copy, x if layer is None else layer(x))
        shape = tuple(getattr(x, "shape", ()))
        if len(shape) not in (2, 4):
            raise ValueError(
                f"{model.name}: the model must end in a vector (batch, dimensions) or a "
                f"feature map (batch, height, width, channels); it ends in {shape}."
            )
        if len(shape) == 4:
            x = layers.GlobalAveragePooling2D(name=free_name(image, x, "pool"))(x)
            dimensions = dimensions or DIMENSIONS
        body = Network(image, x, name=model.name)
        enough = dimensions in (None, x.shape[-1]) and len(shape) == 2
        return body, None if enough else _dense(image, x, dimensions)


def training_layer(loss: str, people: int, dimensions: int, seed: int) -> Any:
    """What a loss needs behind the embeddings, for so many people to learn from."""
    with seeded(seed):
        layer: layers.Layer
        if loss == "arcface":
            layer = CosineScores(people, name="directions")
        elif loss == "siamese":
            layer = PairScores(name="pairs")
        else:
            return None
        layer.build((None, dimensions))
        return layer


def _dense(image, x, dimensions):
    label = free_name(image, x, "embedding_dense")
    layer = layers.Dense(dimensions, use_bias=False, dtype="float32", name=label)
    layer.build(x.shape)
    return layer
