"""Which models embed a face: of the zoo with weights, saved, or given."""

from pathlib import Path
from typing import Any

import keras

from dlzoo.layers.saved_model import open_model
from dlzoo.models import create_model
from dlzoo.weights import card, list_models


def opened(model: Any, weights: Any) -> keras.Model:
    """A network by its name with weights, from a file or folder, or as it is."""
    if isinstance(model, str) and model in list_models():
        first = next(iter(card(model).weights_names), None)
        if weights is None and first is None:
            raise ValueError(
                f"Embedder: weights must be given for {model!r}, because none are on its "
                f"card and random ones tell nobody apart; name their file."
            )
        return create_model(model, weights or first, include_preprocessing=True)
    if weights is not None:
        raise ValueError(
            f"Embedder: weights are for a network by its name; {model!r} is none of "
            f"dlzoo.list_models()."
        )
    if isinstance(model, str) and not Path(model).expanduser().exists() and "/" not in model:
        card(model)  # an error with names that are close
    return open_model(model)


def input_size(model: keras.Model) -> tuple[int, int]:
    """Height and width of the one image that `model` takes; errors if it is no such model."""
    shape, answer = model.input_shape, model.output_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or None in shape[1:3]:
        raise ValueError(
            f"Embedder: the model must take one image of a fixed size; {model.name} takes "
            f"{shape}. Of a siamese network use the body."
        )
    if not isinstance(answer, tuple) or len(answer) != 2 or (answer[-1] or 0) < 2:
        raise ValueError(
            f"Embedder: the model must answer one vector, (batch, dimensions); {model.name} "
            f"answers {answer}."
        )
    return int(shape[1]), int(shape[2])
