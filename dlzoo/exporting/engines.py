"""A Keras model whose answers an engine gives, for as long as it is wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from dlzoo.errors import DataError
from dlzoo.exporting.description import ARCHITECTURE
from dlzoo.exporting.prediction import Predictor
from dlzoo.layers import ImagePreprocessing
from dlzoo.layers.raw_pixels import taking_raw_pixels


@contextmanager
def answering_by(model: keras.Model, fast: Predictor) -> Iterator[None]:
    """Inside, `model.predict_on_batch` is done by `fast`.

    All that predicts with the model is faster then and else as it was.

    Example:
        >>> import numpy as np
        >>> from dlzoo.exporting import predictor
        >>> image = keras.Input((8, 8, 3))
        >>> model = keras.Model(image, keras.layers.Rescaling(1 / 255)(image))
        >>> with answering_by(model, predictor(model, "tensorflow")):
        ...     model.predict_on_batch(np.full((1, 8, 8, 3), 255, "uint8")).max().round()
        np.float32(1.0)
    """
    # A function, because Keras takes objects with attributes apart that are set on models.
    model.predict_on_batch = lambda images: fast.on_batch(images)
    try:
        yield
    finally:
        vars(model).pop("predict_on_batch", None)  # another thread may have done so


def exported_layers(folder: Path) -> keras.Model:
    """The layers of an exported network, with labels and sizes, but without its weights.

    Raises:
        DataError: They are not there, or not readable by this Keras.
    """
    path = folder / ARCHITECTURE
    try:
        model = keras.models.model_from_json(path.read_text(encoding="utf-8"))
    except (OSError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: the layers of the exported network cannot be read ({error}). Export it "
            f"again; dlzoo.predictor runs it without them."
        ) from error
    # Whatever its layers are, it takes raw pixels, and its engine answers, not they.
    grey = model.input_shape[-1] == 1
    return model if grey else taking_raw_pixels(model, ImagePreprocessing(1.0, (0.0,), (1.0,)))
