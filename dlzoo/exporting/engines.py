"""A Keras model whose answers an engine gives, for as long as it is wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from dlzoo.exporting.compiled import AUTO, predictor


@contextmanager
def answering_by(
    model: keras.Model, engine: str, precision: str = AUTO, *, batch_size: int = 8
) -> Iterator[None]:
    """Inside, `model.predict_on_batch` is done by an engine of `dlzoo.predictor`.

    All that predicts with the model is faster then and else as it was.

    Args:
        model: From raw RGB images to answers.
        engine: As in `dlzoo.predictor`.
        precision, batch_size: As in `dlzoo.predictor`.

    Raises:
        ValueError: As `dlzoo.predictor`.

    Example:
        >>> import numpy as np
        >>> image = keras.Input((8, 8, 3))
        >>> model = keras.Model(image, keras.layers.Rescaling(1 / 255)(image))
        >>> with answering_by(model, "tensorflow"):
        ...     model.predict_on_batch(np.full((1, 8, 8, 3), 255, "uint8")).max().round()
        np.float32(1.0)
    """
    fast = predictor(model, engine, precision, batch_size=batch_size)
    model.predict_on_batch = _on_batch(fast)
    try:
        yield
    finally:
        del model.predict_on_batch


def _on_batch(fast: Any) -> Any:
    # A function, because Keras takes objects with attributes apart that are set on models.
    return lambda images: fast.on_batch(images)
