"""What holds for all tests."""

import gc
import os
from types import SimpleNamespace

import numpy as np


def pytest_configure():
    if os.environ.get("KERAS_BACKEND") == "jax":
        _draw_by_numpy()


def _draw_by_numpy():
    """Initial weights on JAX, which else compiles a program for each shape of a kernel."""
    from keras.src.backend import random
    from keras.src.initializers import random_initializers
    from scipy.special import ndtr, ndtri

    def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
        generator = np.random.default_rng(np.asarray(random.draw_seed(seed)))
        return generator.uniform(minval, maxval, shape).astype(dtype or "float32")

    def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None, low=0.0):
        values = mean + stddev * ndtri(uniform(shape, low, 1 - low, "float64", seed))
        return values.astype(dtype or "float32")

    def truncated_normal(*args, **kwargs):
        return normal(*args, **kwargs, low=ndtr(-2))

    ours = {"normal": normal, "truncated_normal": truncated_normal, "uniform": uniform}
    random_initializers.random = SimpleNamespace(**vars(random) | ours)


def pytest_collection_finish():
    """Leave what was imported out of every later search for garbage: Keras is large."""
    gc.collect()
    gc.freeze()
