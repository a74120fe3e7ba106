"""The way back from a feature map to the image, with other rules than the gradient's.

The rules are for ReLU and ReLU6 however a network calls them (as a layer, as an activation
or as `keras.ops.relu`), because all of these end in one function of Keras's backend, which
is exchanged while the model works.
"""

import contextlib
from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_choice
from dlzoo.layers.watching import backend_functions, exchanged
from dlzoo.testing import gradients
from dlzoo.visualize.observing import output_at

RULES = ("deconvnet", "guided", "gradient")
AUTO = "auto"
_BACKENDS = ("tensorflow", "jax", "torch")


@contextlib.contextmanager
def rule_of_relu(rule: str) -> Iterator[None]:
    """Let ReLUs of this thread pass the signal back by a rule.

    With x the input of a ReLU and g the signal that comes back from its output::

        gradient:   g * (x > 0)            the slope
        deconvnet:  max(g, 0)              Zeiler and Fergus 2013, section 2.1
        guided:     max(g, 0) * (x > 0)    Springenberg et al. 2014, arXiv:1412.6806

    A ReLU6 follows them like a ReLU: what it cuts off above 6 was most exciting, and its
    slope of zero would hide that. (Only the plain gradient has it.)
    """
    if rule == "gradient":
        yield
        return
    functions = [(backend_functions(), name) for name in ("relu", "relu6")]
    with exchanged(functions, _guided if rule == "guided" else _deconvnet):
        yield


@contextlib.contextmanager
def averages_for_maxima() -> Iterator[None]:
    """Let max poolings of this thread average, so that all that they look at has a part."""
    nn = backend_functions()
    with exchanged(
        [(nn, "max_pool")], lambda function, *args, **kwargs: nn.average_pool(*args, **kwargs)
    ):
        yield


def pools_maxima(model: keras.Model, images: np.ndarray, number: int) -> bool:
    """Whether there is a max pooling on the way to a call."""
    met = []

    def note(function, *args, **kwargs):
        met.append(function)
        return function(*args, **kwargs)

    with exchanged([(backend_functions(), "max_pool")], note):
        output_at(model, images, number)
    return bool(met)


def hold_gates(method, layer, args, kwargs):
    """Call a layer, and let nothing go back where it gives a single pixel.

    Such are the gates of squeeze and excitation, through which each place sees the whole
    image, however weakly.
    """
    outputs = method(layer, *args, **kwargs)
    shape = tuple(getattr(outputs, "shape", ()))
    single = len(shape) == 2 or (len(shape) == 4 and shape[1:3] == (1, 1))
    return ops.stop_gradient(outputs) if single else outputs


def signal_at_image(
    model: keras.Model, images: np.ndarray, number: int, signal: np.ndarray, rule: str
) -> np.ndarray:
    """Send a signal from the output of a call back to the images.

    Args:
        model: A built model.
        images: `(batch, height, width, channels)`.
        number: Of the call, see `observe`.
        signal: Of the shape of the call's output.
        rule: One of `RULES`.

    Returns:
        What arrives, in the shape of `images`, float32.

    Raises:
        ValueError: The rule is not known, or the backend cannot follow it.
    """
    check_choice("signal_at_image", "rule", rule, RULES)
    check_choice("signal_at_image", "backend", keras.backend.backend(), _BACKENDS)
    local = signal.shape[1] * signal.shape[2] > 1
    change = {"otherwise": hold_gates} if local else {}

    def total(values):
        output = output_at(model, values[0], number, **change)
        return ops.sum(ops.cast(output, "float32") * ops.convert_to_tensor(signal))

    with rule_of_relu(rule):
        (arrived,) = gradients(total, [np.asarray(images, "float32")])
    return arrived


def _deconvnet(function, x):
    return _relu(function, x, lambda y: 1.0)


def _guided(function, x):
    return _relu(function, x, lambda y: ops.cast(y > 0, y.dtype))


def _relu(function, x, gate):
    @ops.custom_gradient
    def call(x):
        y = function(x)

        def back(*args, upstream=None):
            signal = args[0] if upstream is None else upstream
            return ops.maximum(signal, 0) * gate(y)

        return y, back

    return call(x)
