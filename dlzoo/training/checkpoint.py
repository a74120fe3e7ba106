"""The state of an interrupted run in one file, written whole or not at all."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._files import atomic_path
from dlzoo.errors import DataError

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Checkpoint:
    """Where training stands after an epoch.

    Attributes:
        stage: Number of the stage, from 0.
        epoch: Finished epochs of this stage.
        stopped: The stage is over before its last epoch (early stopping).
        history: One record an epoch, of all stages so far.
        best: Score of the best weights, higher is better; None where nothing is scored.
        best_epoch: The epoch of this stage that gave them; 0 is its start.
        values: The variables that this stage changes.
        best_values: The same at the best epoch.
        optimizer: The optimizer's variables.
    """

    stage: int = 0
    epoch: int = 0
    stopped: bool = False
    history: tuple[dict[str, Any], ...] = ()
    best: tuple[float, ...] | None = None
    best_epoch: int = 0
    values: Arrays = field(default=(), repr=False)
    best_values: Arrays = field(default=(), repr=False)
    optimizer: Arrays = field(default=(), repr=False)

    def save(self, path: Path) -> None:
        """Write to `path`, atomically."""
        content = {}
        for name in _ARRAYS:
            for number, array in enumerate(getattr(self, name)):
                content[f"{name}/{number}"] = array
        facts = json.dumps(asdict(replace(self, values=(), best_values=(), optimizer=())))
        content["facts"] = np.frombuffer(facts.encode(), dtype=np.uint8)
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, allow_pickle=False, **content)

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read what `save` wrote.

        Raises:
            DataError: The file is damaged.
        """
        try:
            with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                facts = json.loads(file["facts"].tobytes())
                for name in _ARRAYS:
                    count = sum(key.startswith(f"{name}/") for key in file.files)
                    facts[name] = tuple(file[f"{name}/{i}"] for i in range(count))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{path}: this checkpoint cannot be read ({error}). Start again with "
                f"fresh=True."
            ) from error
        facts["history"] = tuple(facts["history"])
        facts["best"] = None if facts["best"] is None else tuple(facts["best"])
        return cls(**facts)


_ARRAYS = ("values", "best_values", "optimizer")


def read(variables: Sequence) -> Arrays:
    """The present values of Keras variables, as copies."""
    return tuple(np.array(keras.ops.convert_to_numpy(v)) for v in variables)


def assign(variables: Sequence, values: Sequence[np.ndarray]) -> None:
    """Give Keras variables the values that `read` took."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
