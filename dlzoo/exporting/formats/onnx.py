"""ONNX, run by ONNX Runtime: `model.onnx`."""

import tempfile
from pathlib import Path

from dlzoo.exporting.formats._products import sums_in_32_bits

FILE = "model.onnx"
OPSET = 18


def write(model, folder: Path) -> None:
    import keras

    if keras.backend.backend() == "torch":
        import torch

        from dlzoo.exporting.formats._program import program

        torch.onnx.export(
            program(model), f=folder / FILE, dynamo=True, opset_version=OPSET,
            external_data=False, verbose=False,
        )  # fmt: skip
        return
    import tf2onnx

    from dlzoo.exporting.formats._traced import traced

    function = traced(model)
    tf2onnx.convert.from_function(
        function,
        input_signature=function.input_signature,
        opset=OPSET,
        output_path=str(folder / FILE),
    )


def quantise(source: Path, folder: Path, images) -> None:
    """int8 from the float32 file in `source`, with the ranges that `images` give."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / FILE
        # Shapes are known already; the symbolic search for them needs SymPy.
        quant_pre_process(str(source / FILE), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(folder / FILE),
            _reader(prepared, images),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8 if sums_in_32_bits() else QuantType.QUInt8,
            nodes_to_exclude=_scores(prepared),
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm", "MatMul"]},
        )


def _scores(path):
    """What makes scores: a range of them from other images cuts off sure answers."""
    import onnx

    nodes = onnx.load(path).graph.node
    return [node.name for node in nodes if node.op_type in ("Softmax", "Sigmoid")]


def _reader(path, images):
    """`images` one after the other, as ONNX Runtime's calibration asks for them."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader

    name = onnx.load(path).graph.input[0].name

    class Reader(CalibrationDataReader):
        def __init__(self):
            self._left = ({name: image[None]} for image in images)

        def get_next(self):
            return next(self._left, None)

    return Reader()


def load(folder: Path, description, *, batch_size, threads=None):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(folder / FILE), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})
