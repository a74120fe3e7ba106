"""Where half precision is not enough: sums of thousands of numbers."""

import keras


def exact_dtype(dtype):
    """At least float32.

    Example:
        >>> exact_dtype("bfloat16"), exact_dtype("float64")
        ('float32', 'float64')
    """
    dtype = keras.backend.standardize_dtype(dtype)
    return "float32" if dtype in ("float16", "bfloat16") else dtype
