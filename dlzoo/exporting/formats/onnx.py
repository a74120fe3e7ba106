"""ONNX, run by ONNX Runtime: `model.onnx`."""

from pathlib import Path

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
