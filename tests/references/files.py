"""Goldens read back, and files of drawn weights in the layouts of their publishers."""

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save_file

from tests.references.draw import draw

FOLDER = Path(__file__).parent / "goldens"


@dataclass(frozen=True)
class Golden:
    """What `make.py` wrote about one network of one peer."""

    facts: dict
    arrays: dict

    @classmethod
    def read(cls, name, folder=FOLDER):
        with np.load(folder / f"{name}.npz") as arrays:
            arrays = dict(arrays)
        return cls(json.loads(arrays.pop("facts").tobytes()), arrays)

    @property
    def sizes(self):
        return [tuple(size) for size in self.facts["sizes"]]

    def taps(self, size):
        """Names of the outputs that are compared."""
        prefix = "{}x{}/".format(*size)
        names = {
            key[len(prefix) :].split("/")[0] for key in self.arrays if key.startswith(prefix)
        }
        return sorted(names)

    def expected(self, size, tap):
        """Sampled numbers, whole shape and standard deviation of an output."""
        key = "{}x{}/{}".format(*size, tap)
        return self.arrays[key], tuple(self.arrays[f"{key}/shape"]), self.arrays[f"{key}/std"]

    def state(self):
        """The reference's tensors by name."""
        return {
            name: draw(name, shape, self.facts["gain"])
            for name, shape in self.facts["state"].items()
        }

    def write(self, folder, state=None):
        """A file of weights as the peer publishes them; returns its path."""
        state = self.state() if state is None else state
        if self.facts["peer"] == "keras":
            return write_keras_h5(folder / "published.h5", state)
        path = folder / "published.safetensors"
        save_file(state, path)
        return path


def names():
    """All goldens there are."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def write_keras_h5(path, state):
    """The HDF5 layout in which keras.applications publishes its files."""
    layers = {}
    for name in state:
        layers.setdefault(name.partition("/")[0], []).append(name)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer, tensors in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{name}:0".encode() for name in tensors]
            for name in tensors:
                group[f"{name}:0"] = state[name]
    return path
