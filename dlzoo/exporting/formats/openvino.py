"""OpenVINO's intermediate representation: `model.xml` and `model.bin`."""

import threading
from pathlib import Path

FILE = "model.xml"
_PRECISION = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


def write(model, folder: Path) -> None:
    import keras
    import openvino

    if keras.backend.backend() != "tensorflow":
        model.export(str(folder / FILE), format="openvino", verbose=False)
        return
    from dlzoo.exporting.formats._traced import traced

    converted = openvino.convert_model(traced(model).get_concrete_function())
    openvino.save_model(converted, folder / FILE, compress_to_fp16=False)


def quantise(source: Path, folder: Path, images) -> None:
    """int8 from the float32 files in `source`, with the ranges that `images` give."""
    import nncf
    import openvino

    model = openvino.Core().read_model(source / FILE)
    quantised = nncf.quantize(
        model,
        nncf.Dataset([image[None] for image in images]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(images),
    )
    openvino.save_model(quantised, folder / FILE, compress_to_fp16=False)


def load(folder: Path, description, *, batch_size, threads=None):
    return _Compiled(folder / FILE, description, batch_size, threads)


class _Compiled:
    """The network compiled for batches of one and of `batch_size`, and once for all others.

    For a known shape OpenVINO's code is faster by a tenth (MobileNetV2, one image).
    """

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
        request = self._request(len(images) if len(images) in self._sizes else None)
        return list(request.infer([images], share_inputs=True).values())

    def _request(self, size):
        """This thread's request for batches of `size`."""
        requests = self._mine.__dict__.setdefault("requests", {})
        if size not in requests:
            with self._lock:
                if size not in self._compiled:
                    self._compiled[size] = self._compile(size)
            requests[size] = self._compiled[size].create_infer_request()
        return requests[size]

    def _compile(self, size):
        model = self._core.read_model(self._path)
        if size is not None:
            (image,) = model.inputs
            model.reshape([size, *(axis.get_length() for axis in image.partial_shape[1:])])
        return self._core.compile_model(model, "CPU", self._settings)
