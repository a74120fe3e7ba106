"""Watching a model at work without work: each call of a layer inside, with its shapes.

The model is run on the backend's symbolic tensors, which have a shape and no values.
"""

from typing import Any

import keras

from dlzoo.layers.watching import watched


class Tracer:
    """Sees the calls of layers; a subclass says in `report` what is kept of them."""

    def __init__(self) -> None:
        self._results: list[Any] = []

    def begin(self) -> None:
        """Forget what was: torch runs a model again where its symbolic tensors fail."""
        self._results = []

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
        with watched(self._watch):
            _Inference(model, self).compute_output_spec(inputs)
        return self._results[-1]

    def _watch(self, around: tuple[Any, ...], method: Any, args: Any, kwargs: Any) -> Any:
        beside, self._results = self._results, []
        try:
            outputs = method(around[-1], *args, **kwargs)
            path = tuple(each.name for each in around)
            tensors = _tensors((args, kwargs)), _tensors(outputs)
            result = self.report(path, around[-1], *tensors, self._results)
        finally:
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


def _tensors(structure: Any) -> list[Any]:
    flat = keras.tree.flatten(structure)
    return [value for value in flat if hasattr(value, "shape") and hasattr(value, "dtype")]
