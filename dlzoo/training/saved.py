"""Opening a model that was trained."""

import os
from pathlib import Path

import keras

from dlzoo.errors import DataError

MODEL = "model.keras"


def open_model(model: str | os.PathLike | keras.Model) -> keras.Model:
    """A model from the folder that `fine_tune` wrote or a `.keras` file, or as it is.

    Raises:
        DataError: There is none.
    """
    if isinstance(model, keras.Model):
        return model
    path = Path(model).expanduser()
    if path.is_dir():
        path = path / MODEL
    if not path.is_file():
        raise DataError(
            f"{path}: there is no such model. Name the folder that fine_tune wrote, or a "
            f".keras file; a run that has not ended has no model yet."
        )
    return keras.saving.load_model(path)
