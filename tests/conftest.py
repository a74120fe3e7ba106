"""What holds for all tests."""

import gc
import math
import sys
from types import SimpleNamespace

import numpy as np

LARGE = 4_000_000  # numbers of a kernel; the fully connected layers of VGG have 103 million
BLOCK = 1_000_003  # a prime, so that no two rows of a matrix are alike


def pytest_collection_finish():
    """Leave what was imported out of every later search for garbage: Keras is large."""
    if "keras" in sys.modules:
        _draw_by_numpy()
    gc.collect()
    gc.freeze()


def _draw_by_numpy():
    """Initial weights that take long: of large kernels a block is drawn, again and again; on
    JAX all are drawn by NumPy, because JAX compiles a program for each shape."""
    import keras
    from keras.src.backend import random
    from keras.src.initializers import random_initializers
    from scipy.special import ndtr, ndtri

    def numbers(shape, dtype, seed, low, high, change=np.asarray):
        size = math.prod(shape)
        generator = np.random.default_rng(keras.ops.convert_to_numpy(random.draw_seed(seed)))
        values = generator.uniform(low, high, BLOCK if size > LARGE else size)
        return np.resize(change(values).astype(dtype or "float32"), shape)

    def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
        return numbers(shape, dtype, seed, minval, maxval)

    def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None, low=0.0):
        return numbers(shape, dtype, seed, low, 1 - low, lambda u: mean + stddev * ndtri(u))

    def truncated_normal(*args, **kwargs):
        return normal(*args, **kwargs, low=ndtr(-2))

    def quick(function, usual):
        def draw(shape, *args, **kwargs):
            by_numpy = keras.backend.backend() == "jax" or math.prod(shape) > LARGE
            return (function if by_numpy else usual)(shape, *args, **kwargs)

        return draw

    ours = {"normal": normal, "truncated_normal": truncated_normal, "uniform": uniform}
    ours = {name: quick(ours[name], getattr(random, name)) for name in ours}
    random_initializers.random = SimpleNamespace(**vars(random) | ours)
