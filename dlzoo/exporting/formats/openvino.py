"""OpenVINO's intermediate representation: `model.xml` and `model.bin`."""

import threading
from pathlib import Path

from dlzoo.exporting.formats._products import sums_in_32_bits

FILE = "model.xml"
_PRECISION = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


def write(model, folder: Path) -> None:
    import keras
    import openvino

    if keras.backend.backend() == "torch":
        from dlzoo.exporting.formats._program import program

        source = program(model)
    else:
        from dlzoo.exporting.formats._traced import traced

        source = traced(model).get_concrete_function()
    converted = openvino.convert_model(source)
    openvino.save_model(converted, folder / FILE, compress_to_fp16=False)


def quantise(source: Path, folder: Path, images) -> None:
    """int8 from the float32 files in `source`, with the ranges that `images` give."""
    import nncf
    import openvino
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        OverflowFix,
        QuantizationParameters,
    )
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    # NNCF's own choice, ranges from means, and for each channel before depthwise convolutions,
    # hangs on the images: MobileNetV2 (0.81) had a top-1 of 0.81 after its like and 0.55 after
    # street scenes with their masks; with extremes instead of means 0.59 after blood cells.
    # With one range for all channels, too, it was 0.82 or 0.83 after seven kinds of images.
    ranges = AdvancedQuantizationParameters(
        activations_quantization_params=QuantizationParameters(per_channel=False),
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
        overflow_fix=OverflowFix.DISABLE if sums_in_32_bits() else OverflowFix.FIRST_LAYER,
    )
    quantised = nncf.quantize(
        openvino.Core().read_model(source / FILE),
        nncf.Dataset([image[None] for image in images]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(images),
        advanced_parameters=ranges,
    )
    openvino.save_model(quantised, folder / FILE, compress_to_fp16=False)


def load(folder: Path, description, *, batch_size, threads=None):
    return _Compiled(folder / FILE, description, batch_size, threads)


class _Compiled:
    """The network compiled for batches of one and of `batch_size`, and once for all others.

    For a known shape OpenVINO's code is faster by a tenth (MobileNetV2, one image). Bytes are
    taken as they are: their conversion becomes part of the first operation.
    """

    takes_bytes = True

    def __init__(self, path, description, batch_size, threads):
        import openvino

        self._core = openvino.Core()
        self._path = path
        self._settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _PRECISION[description.precision],
        }
        if threads:
            self._settings["INFERENCE_NUM_THREADS"] = threads
        fixed = None not in description.input_shape
        self._sizes = {1, batch_size} if fixed else set()
        self._compiled = {}
        self._lock = threading.Lock()
        self._mine = threading.local()

    def __call__(self, images):
        size = len(images) if len(images) in self._sizes else None
        request = self._request(size, images.dtype.name)
        return list(request.infer([images], share_inputs=True).values())

    def _request(self, *kind):
        """This thread's request for batches of a size and type."""
        requests = self._mine.__dict__.setdefault("requests", {})
        if kind not in requests:
            with self._lock:
                if kind not in self._compiled:
                    self._compiled[kind] = self._compile(*kind)
            requests[kind] = self._compiled[kind].create_infer_request()
        return requests[kind]

    def _compile(self, size, dtype):
        model = self._core.read_model(self._path)
        (image,) = model.inputs
        shape = image.partial_shape
        if size is not None:
            shape[0] = size
            model.reshape(shape)
        if dtype == "uint8":
            model = _taking_bytes(model)
        return self._core.compile_model(model, "CPU", self._settings)


def _taking_bytes(model):
    from openvino import Model, Type, opset13
    from openvino.op import Parameter

    (old,) = model.get_parameters()
    new = Parameter(Type.u8, old.partial_shape)
    converted = opset13.convert(new, "f32").output(0)
    for target in old.output(0).get_target_inputs():
        target.replace_source_output(converted)
    return Model(model.get_results(), [new], model.friendly_name)
