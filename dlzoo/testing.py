"""Gradient checking, as the course teaches it: slopes against central differences."""

import contextlib
import inspect
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_between, check_positive_int


@dataclass(frozen=True)
class GradientCheck:
    """Outcome of `gradient_check`.

    Attributes:
        differences: Name of a tensor to `||g - n|| / (||g|| + ||n||)`, g being the
            gradient by backpropagation and n the numerical one.
        tolerance: What the largest of them may be.
    """

    differences: dict[str, float]
    tolerance: float

    @property
    def largest(self) -> float:
        return max(self.differences.values())

    @property
    def passed(self) -> bool:
        return self.largest <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        return {
            "differences": self.differences,
            "tolerance": self.tolerance,
            "passed": self.passed,
        }

    def __str__(self) -> str:
        verdict = "equal" if self.passed else "DIFFERENT"
        rows = [f"  {name}: {value:.2e}" for name, value in self.differences.items()]
        return "\n".join([f"gradients are {verdict} (tolerance {self.tolerance:g})", *rows])


def gradient_check(
    layer_or_loss,
    input_shape,
    *,
    target=None,
    training=False,
    samples=20,
    step=1e-5,
    tolerance=1e-6,
    seed=0,
):
    """Compare gradients with `(J(w + step) - J(w - step)) / (2 * step)`, in float64.

    J is a randomly weighted sum of a layer's outputs, or the value of a loss. The layer is
    copied in float64 with random weights; dropout keeps the same mask in every evaluation.

    Args:
        layer_or_loss: A `keras.layers.Layer` or a `keras.losses.Loss`.
        input_shape: Of the input, batch axis included; of a loss, that of the predictions.
        target: Of a loss: what it is compared with.
        training: Whether a layer is checked in training mode.
        samples: How many numbers of each tensor are checked, drawn at random.
        step: Half the distance of the two evaluations.
        tolerance: What the largest relative difference may be.
        seed: Of inputs, weights and the choice of numbers.

    Returns:
        A `GradientCheck`.

    Raises:
        ValueError: `layer_or_loss` is neither, or a loss has no `target`.

    Example:
        >>> layer = keras.layers.Dense(3, activation="tanh", name="dense")
        >>> check = gradient_check(layer, (2, 4))
        >>> check.passed, sorted(check.differences)
        (True, ['dense/bias', 'dense/kernel', 'input'])
    """
    check_positive_int("gradient_check", "samples", samples)
    check_between("gradient_check", "step", step, 1e-9, 1e-2)
    rng = np.random.default_rng(seed)
    with _double_precision():
        x = rng.normal(size=input_shape)
        if isinstance(layer_or_loss, keras.losses.Loss):
            objective: Any = _LossObjective(layer_or_loss, target)
        elif isinstance(layer_or_loss, keras.layers.Layer):
            objective = _LayerObjective(layer_or_loss, x, training, rng)
        else:
            raise ValueError(
                "gradient_check: layer_or_loss must be a keras layer or loss; "
                f"got {layer_or_loss!r}."
            )
        values = [x, *objective.weights()]
        slopes = gradients(objective, values)
        differences = {
            name: _difference(objective, values, slopes, place, samples, step, rng)
            for place, name in enumerate(["input", *objective.names])
        }
    return GradientCheck(differences, tolerance)


def gradients(function, values):
    """Gradients of a scalar function by backpropagation, on any backend.

    Args:
        function: Takes a list of tensors, returns a scalar tensor.
        values: NumPy arrays.

    Returns:
        One NumPy array for each of `values`; zeros where it has no influence.

    Example:
        >>> gradients(lambda v: ops.sum(v[0] ** 2), [np.array([1.0, 3.0])])[0]
        array([2., 6.])
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tensors = [tf.constant(value) for value in values]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            result = function(tensors)
        slopes = tape.gradient(result, tensors, unconnected_gradients="zero")
    elif backend == "torch":
        import torch

        tensors = [torch.tensor(value, requires_grad=True) for value in values]
        slopes = torch.autograd.grad(function(tensors), tensors, allow_unused=True)
        slopes = [
            torch.zeros_like(tensor) if slope is None else slope
            for tensor, slope in zip(tensors, slopes, strict=True)
        ]
    else:
        import jax

        slopes = jax.grad(function)([ops.convert_to_tensor(value) for value in values])
    return [ops.convert_to_numpy(slope) for slope in slopes]


class _LossObjective:
    """J of a loss: its value, as a function of the predictions."""

    names: tuple[str, ...] = ()

    def __init__(self, loss, target):
        if target is None:
            raise ValueError("gradient_check: a loss needs target=, what it compares with.")
        self.loss = type(loss).from_config(loss.get_config() | {"dtype": "float64"})
        self.target = target

    def weights(self):
        return []

    def __call__(self, values):
        return self.loss(ops.convert_to_tensor(self.target), values[0])


class _LayerObjective:
    """J of a layer: a weighted sum of its outputs, as a function of input and weights."""

    def __init__(self, layer, x, training, rng):
        layer = type(layer).from_config(layer.get_config() | {"dtype": "float64"})
        layer.build(x.shape)
        for variable in layer.variables:
            if "float" in variable.dtype:
                variable.assign(_random_weight(variable, rng))
        self.layer = layer
        modes = "training" in inspect.signature(layer.call).parameters
        self.flags = {"training": training} if modes else {}
        self.names = tuple(v.path for v in layer.trainable_variables)
        self.state = [ops.convert_to_numpy(v) for v in layer.non_trainable_variables]
        outputs = self._outputs([x, *self.weights()])
        self.projection = rng.normal(size=outputs.shape)

    def weights(self):
        return [ops.convert_to_numpy(v) for v in self.layer.trainable_variables]

    def __call__(self, values):
        return ops.sum(self._outputs(values) * ops.convert_to_tensor(self.projection))

    def _outputs(self, values):
        x, *weights = values
        # The same state each time: the same dropout mask, the same moving averages.
        outputs, _ = self.layer.stateless_call(
            list(weights), list(self.state), ops.convert_to_tensor(x), **self.flags
        )
        return outputs


def _random_weight(variable, rng):
    value = rng.normal(0, 0.5, variable.shape)
    return np.abs(value) + 0.5 if "variance" in variable.path else value


def _difference(objective, values, slopes, place, samples, step, rng):
    """Relative difference of slope and central difference in `values[place]`."""
    flat = values[place].reshape(-1)
    chosen = rng.choice(flat.size, min(samples, flat.size), replace=False)
    numerical = []
    for index in chosen:
        ends = []
        for sign in (1, -1):
            moved = flat.copy()
            moved[index] += sign * step
            trial = list(values)
            trial[place] = moved.reshape(values[place].shape)
            ends.append(float(objective([ops.convert_to_tensor(v) for v in trial])))
        numerical.append((ends[0] - ends[1]) / (2 * step))
    exact = slopes[place].reshape(-1)[chosen]
    size = np.linalg.norm(exact) + np.linalg.norm(numerical)
    return float(np.linalg.norm(exact - numerical) / size) if size else 0.0


@contextlib.contextmanager
def _double_precision():
    """Everything in float64, which Keras turns into float32 on JAX and PyTorch."""
    # There is no public way to switch that off (Keras 3.15.1).
    from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE

    floatx = keras.config.floatx()
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.dict(BIT64_TO_BIT32_DTYPE, float64="float64"))
        stack.callback(keras.config.set_floatx, floatx)
        keras.config.set_floatx("float64")
        if keras.backend.backend() == "jax":
            import jax

            stack.enter_context(jax.enable_x64(True))
        yield
