"""Watching a model at work without work: each call of a layer inside, with its shapes.

The model is run on the backend's symbolic tensors, which have a shape and no values. While
that happens `keras.layers.Layer.__call__` is exchanged for one that reports to the tracer of
the thread at hand; other threads go on as if nothing was there, and no model is touched.
"""

import contextlib
import contextvars
import functools
import threading
from collections.abc import Iterator
from typing import Any

import keras

_TRACER: contextvars.ContextVar[Any] = contextvars.ContextVar("tracer", default=None)
_LOCK = threading.RLock()


class Tracer:
    """Sees the calls of layers; a subclass says in `report` what is kept of them."""

    def __init__(self) -> None:
        self._around: list[Any] = []
        self._results: list[Any] = []

    def begin(self) -> None:
        """Forget what was: torch runs a model again where its symbolic tensors fail."""
        self._around, self._results = [], []

    def report(
        self, path: tuple[str, ...], layer: Any, inputs: list, outputs: list, inner: list
    ) -> Any:
        """What to keep of a call.

        Args:
            path: Names of the layers around and the layer's own, the model's first.
            layer: The layer.
            inputs, outputs: Symbolic tensors of the backend.
            inner: What was kept of the calls within this one.
        """
        raise NotImplementedError

    def run(self, model: Any, inputs: Any) -> Any:
        """What is kept of calling `model` on symbolic Keras tensors in inference mode."""
        token = _TRACER.set(self)
        try:
            with _calls_observed():
                _Inference(model, self).compute_output_spec(inputs)
        finally:
            _TRACER.reset(token)
        return self._results[-1]

    def observe(self, layer: Any, method: Any, args: Any, kwargs: Any) -> Any:
        """Call the method of `layer` and report."""
        if self._around and self._around[-1] is layer:  # its own convolution is no other layer
            return method(layer, *args, **kwargs)
        beside, self._results = self._results, []
        self._around.append(layer)
        try:
            outputs = method(layer, *args, **kwargs)
            path = tuple(each.name for each in self._around)
            inputs = _tensors((args, kwargs))
            result = self.report(path, layer, inputs, _tensors(outputs), self._results)
        finally:
            self._around.pop()
            self._results = beside
        self._results.append(result)
        return outputs


class _Inference(keras.Operation):
    """Gives `keras.Operation.compute_output_spec` a model to run in inference mode."""

    def __init__(self, model, tracer):
        super().__init__()
        self.model = model
        self.tracer = tracer

    def call(self, inputs):
        self.tracer.begin()
        return self.model(inputs, training=False)


@contextlib.contextmanager
def _calls_observed() -> Iterator[None]:
    """Report to the tracer of the thread while this lasts."""
    with _LOCK, contextlib.ExitStack() as undo:
        for owner, name in _methods():
            method = vars(owner)[name]
            setattr(owner, name, _observed(method))
            undo.callback(setattr, owner, name, method)
        yield


def _methods() -> Iterator[tuple[type, str]]:
    """Where a layer begins its work, for all layers at once."""
    yield keras.layers.Layer, "__call__"
    # `ConvBN` asks its convolution for this step alone, and adds the bias later.
    kinds = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
    for owner in dict.fromkeys(owner for kind in kinds for owner in kind.__mro__):
        if "convolution_op" in vars(owner):
            yield owner, "convolution_op"


def _observed(method: Any) -> Any:
    @functools.wraps(method)
    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        tracer = _TRACER.get()
        if tracer is None:
            return method(layer, *args, **kwargs)
        return tracer.observe(layer, method, args, kwargs)

    return call


def _tensors(structure: Any) -> list[Any]:
    flat = keras.tree.flatten(structure)
    return [value for value in flat if hasattr(value, "shape") and hasattr(value, "dtype")]
