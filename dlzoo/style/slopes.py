"""The gradient of a number by the picture it is computed from, compiled, on each backend."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

# From a picture to the number, its parts, and the gradient by the picture.
Slope = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]


def value_and_slope(function: Callable, variables: Sequence[keras.Variable] = ()) -> Slope:
    """A function that also gives the gradient of `function`.

    Args:
        function: From a tensor to a scalar and a vector of parts, in `keras.ops`.
        variables: That it reads; JAX gets them as arguments, because what is inside a
            compiled function is there twice.

    Returns:
        From a float32 array to the scalar, the parts and the gradient, which has the shape
        of the array. It is compiled at its first call.

    Example:
        >>> slope = value_and_slope(lambda x: (keras.ops.sum(x**2), keras.ops.sum(x)[None]))
        >>> slope(np.array([1.0, 3.0], "float32"))[2].tolist()
        [2.0, 6.0]
    """
    make = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
    compute = make[keras.backend.backend()](function, variables)

    def slope(picture):
        value, parts, gradient = compute(picture)
        to_numpy = keras.ops.convert_to_numpy
        return float(value), to_numpy(parts), to_numpy(gradient)

    return slope


def _tensorflow(function, variables) -> Callable[[Any], Any]:
    import tensorflow as tf

    # XLA is slower here on a CPU (1.5 against 1.2 s a step at 256 pixels, VGG-19).
    @tf.function(autograph=False, jit_compile=False)
    def compute(picture):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(picture)
            value, parts = function(picture)
        return value, parts, tape.gradient(value, picture)

    return lambda picture: compute(tf.constant(picture))


def _jax(function, variables) -> Callable[[Any], Any]:
    import jax

    def stateless(picture, values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(picture)

    compute = jax.jit(jax.value_and_grad(stateless, has_aux=True))

    def run(picture):
        (value, parts), gradient = compute(picture, [v.value for v in variables])
        return value, parts, gradient

    return run


def _torch(function, variables) -> Callable[[Any], Any]:
    import torch

    def run(picture):
        tensor = keras.ops.convert_to_tensor(picture).detach().requires_grad_()
        value, parts = function(tensor)
        (gradient,) = torch.autograd.grad(value, tensor)
        return value.detach(), parts.detach(), gradient

    return run
