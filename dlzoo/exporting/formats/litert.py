"""LiteRT (formerly TensorFlow Lite): `model.tflite`."""

import os
import re
import threading
import warnings
from pathlib import Path

from dlzoo._files import atomic_path

FILE = "model.tflite"


def write(model, folder: Path, images=None) -> None:
    """With `images` as int8: weights by channel, activations by the ranges that these give."""
    import tensorflow as tf

    from dlzoo.exporting.formats._traced import traced

    function = traced(model).get_concrete_function()
    # Without the model as a second argument: with it the weights stay variables, which an
    # interpreter finds without values (NaN).
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    if images is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in images)
    with atomic_path(folder / FILE) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs")  # it takes floats
        temporary.write_bytes(converter.convert())


def load(folder: Path, description, *, batch_size, threads=None):
    return _Interpreters(folder / FILE, threads)


class _Interpreters:
    """An interpreter for each thread and shape: one runs one batch at a time."""

    _MOST = 4  # shapes of a thread that are kept

    def __init__(self, path, threads):
        from ai_edge_litert.interpreter import Interpreter

        self._content = path.read_bytes()
        self._make = Interpreter
        self._threads = threads or os.cpu_count() or 1
        self._mine = threading.local()

    def __call__(self, images):
        interpreter = self._interpreter(images.shape)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
        interpreter.invoke()
        outputs = sorted(interpreter.get_output_details(), key=_place)
        return [interpreter.get_tensor(output["index"]) for output in outputs]

    def _interpreter(self, shape):
        kept = self._mine.__dict__.setdefault("interpreters", {})
        if shape not in kept:
            made = self._make(model_content=self._content, num_threads=self._threads)
            made.resize_tensor_input(made.get_input_details()[0]["index"], shape)
            made.allocate_tensors()
            if len(kept) == self._MOST:
                kept.pop(next(iter(kept)))
            kept[shape] = made
        return kept[shape]


def _place(output):
    """`Identity` is the first output, `Identity_1` the second."""
    number = re.search(r"[_:](\d+)$", output["name"])
    return int(number[1]) if number else 0
