"""Weights and images from seeds, the same for the reference and for us.

A golden file holds no weights: every tensor is drawn from a generator seeded by its name in
the reference. The statistics are chosen so that nothing is degenerate: no layer passes
zeros on, no offset is lost beside large activations, and a wrong epsilon or padding shows.
"""

import zlib

import numpy as np

LARGE = 4_000_000  # numbers of a tensor; the fully connected layers of VGG have 103 million
PLACES, KEPT = 1000, 250  # of an output: drawn, and kept of them, for the repository's size
BLOCK = 1_000_003  # a prime, so that no two rows of a matrix are alike


def draw(name, shape, gain):
    """A tensor for `name`, a name in the way of Keras or of PyTorch.

    `gain` is how much of its input's power a convolution with its normalisation passes on:
    about 1 for plain networks, less for deep residual ones, where powers add up.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    leaf = name.replace("/", ".").rpartition(".")[2]
    if leaf in ("moving_variance", "running_var"):
        value = rng.uniform(0.3, 1.5, shape)
    elif leaf in ("moving_mean", "running_mean", "beta", "bias"):
        value = rng.normal(0, 0.3, shape)
    elif leaf in ("gamma", "alpha") or (leaf == "weight" and len(shape) == 1):
        value = rng.uniform(0.5, 1.2, shape) * np.sqrt(gain)
    else:
        scale = np.sqrt(2 / _fan_in(leaf, shape))
        if np.prod(shape) > LARGE:  # a block again and again: drawing all takes seconds
            return np.resize(rng.normal(0, scale, BLOCK).astype("float32"), shape)
        value = rng.normal(0, scale, shape)
    return value.astype("float32")


def image(shape, seed):
    """Noise of unit variance, `(batch, height, width, channels)`."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def sample(values):
    """Some of the numbers in `values`, always the same places; all where they are few."""
    values = np.asarray(values, "float32").reshape(-1)
    if values.size <= PLACES:
        return values
    places = np.random.default_rng(values.size).choice(values.size, PLACES, False)
    return values[places[:KEPT]]


def _fan_in(leaf, shape):
    if leaf == "weight":  # PyTorch: outputs first
        return int(np.prod(shape[1:]))
    if leaf == "kernel" and len(shape) == 4 and shape[3] == 1:  # Keras, depthwise
        return shape[0] * shape[1]
    return int(np.prod(shape[:-1]))
