"""Prediction: `dlzoo.predictor` against keras.applications, PyTorch and engines by hand.

    python -m benchmarks.prediction [--rounds 20] [--models resnet50 mobilenet_v2]
        [--batches 1 8] [--engines auto onnxruntime fastest ...]

At 224 x 224, random weights. dlzoo takes raw pixels and has the preprocessing inside; the bars
are for the first of the engines, `auto`, which is what `dlzoo.predictor(model)` takes. The
others get arrays that are preprocessed already. ONNX Runtime and OpenVINO run what Keras'
own `model.export` makes of the network of keras.applications, OpenVINO with the shape of
the batch at hand and the hint for latency. A turn is a fifth of a second of calls.
"""

import argparse
import functools
import importlib.util
import shutil
import tempfile
from pathlib import Path

from benchmarks import peak
from benchmarks.bars import Missing, Part, Row, measured_program
from benchmarks.peers import APPLICATIONS, PAPER, USUAL, applications_model, timm_model
from benchmarks.side_by_side import Contestant, alone, measure, ratio, table

TITLE = "Prediction at 224 x 224, CPU"
PACKAGES = ("tensorflow", "torch", "timm", "onnxruntime", "openvino")
SIDE, TURN = 224, 0.2
KERAS, OPENVINO, DLZOO = "keras.applications, predict", "OpenVINO by hand", "dlzoo.predictor"
BARS = {  # DESIGN section 9: network and batch to (against `predict`, against OpenVINO)
    ("resnet50", 1): (4, 0.97),
    ("resnet50", 8): (1.8, 0.97),
    ("mobilenet_v2", 1): (12, 0.97),
    ("mobilenet_v2", 8): (4, 0.97),
}
TENSORFLOW = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}


def pixels(batch):
    """Raw images, `uint8`."""
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE, 3), dtype="uint8")


def prepared(batch):
    """What networks without preprocessing get, about -1 to 1."""
    return pixels(batch).astype("float32") / 127.5 - 1


def keras_predict(name, batch):
    model, images = applications_model(name), prepared(batch)
    return lambda: model.predict(images, verbose=0)


def keras_function(name, batch, xla):
    """The network as a function of TensorFlow, which skips what `predict` does around it."""
    import tensorflow as tf

    model, images = applications_model(name), prepared(batch)
    function = tf.function(lambda x: model(x, training=False), jit_compile=xla)
    return lambda: function(tf.constant(images)).numpy()


def torch_prediction(name, batch, channels_last=False, compiled=False):
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = timm_model(name).eval().to(memory_format=layout)
    images = torch.tensor(prepared(batch)).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    model = torch.compile(model) if compiled else model

    def step():
        with torch.inference_mode():
            return model(images).numpy()

    return step


def export_peer(name, folder):
    """Keras' own exports of the network of keras.applications; why one is not there."""
    model, absent = applications_model(name), {}
    model.predict(prepared(1), verbose=0)  # Keras exports to ONNX only what was called
    for kind, file in (("onnx", "model.onnx"), ("openvino", "model.xml")):
        try:
            model.export(f"{folder}/{file}", format=kind, verbose=False)
        except Exception as error:  # whatever stops a converter
            absent[kind] = f"{type(error).__name__}: {error}"
    return absent


def onnxruntime_by_hand(folder, batch):
    import onnxruntime

    session = onnxruntime.InferenceSession(
        f"{folder}/model.onnx", providers=["CPUExecutionProvider"]
    )
    feed = {session.get_inputs()[0].name: prepared(batch)}
    return lambda: session.run(None, feed)


def openvino_by_hand(folder, batch, precision):
    import openvino

    core, images = openvino.Core(), prepared(batch)
    model = core.read_model(f"{folder}/model.xml")
    model.reshape(list(images.shape))
    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(model, "CPU", hints)
    return lambda: compiled(images)[0]


def dlzoo_predictor(name, batch, engine, precision):
    import keras

    import dlzoo

    keras.utils.set_random_seed(0)  # so that the predictor of another turn is found again
    model = dlzoo.create_model(name, origin="keras", include_preprocessing=True)
    predict = dlzoo.predictor(model, engine, precision, batch_size=batch)
    images = pixels(batch)
    return lambda: predict(images)


def keras_contestants(name, batch):
    options = {"name": name, "batch": batch}
    yield Contestant(KERAS, keras_predict, options, TENSORFLOW)
    for xla, what in ((False, "tf.function"), (True, "tf.function, XLA")):
        what = f"keras.applications, {what}"
        yield Contestant(what, keras_function, options | {"xla": xla}, TENSORFLOW)


def torch_contestants(name, batch, absent):
    if not importlib.util.find_spec("timm"):
        absent["PyTorch"] = "timm is not installed"
        return
    options = {"name": name, "batch": batch}
    yield Contestant("PyTorch eager", torch_prediction, options)
    options = options | {"channels_last": True}
    yield Contestant("PyTorch eager, channels-last", torch_prediction, options)
    if any(map(shutil.which, ("g++", "c++", "clang++"))):
        options = options | {"compiled": True}
        yield Contestant("torch.compile, channels-last", torch_prediction, options)
    else:
        absent["torch.compile"] = "it needs a C++ compiler"


def hand_contestants(folder, batch, absent):
    options = {"folder": folder, "batch": batch}
    if "onnx" not in absent:
        yield Contestant("ONNX Runtime by hand", onnxruntime_by_hand, options)
    if "openvino" not in absent:
        for precision, what in (("f32", OPENVINO), ("bf16", f"{OPENVINO}, bfloat16")):
            yield Contestant(what, openvino_by_hand, options | {"precision": precision})


def dlzoo_contestants(name, batch, engines, cache):
    from dlzoo.exporting import ENGINES, FORMATS  # not in the processes of the others

    environment = TENSORFLOW | {"DLZOO_CACHE": cache}
    options = {"name": name, "batch": batch}
    for engine in engines:
        known = FORMATS[ENGINES[engine]].precisions if engine in ENGINES else peak.TYPES
        for precision in peak.TYPES:
            if precision not in known:
                continue
            what = f"{DLZOO}, {engine}" + (", bfloat16" if precision == "bfloat16" else "")
            own = options | {"engine": engine, "precision": precision}
            yield Contestant(what, dlzoo_predictor, own, environment)


def prediction(name, batch, rounds, engines):
    """All contestants in turns; those that cannot run are named under the table."""
    with tempfile.TemporaryDirectory() as scratch:
        peer = Path(scratch, "peer")
        peer.mkdir()
        absent = alone(export_peer, name, str(peer))
        contestants = [
            *keras_contestants(name, batch),
            *torch_contestants(name, batch, absent),
            *hand_contestants(str(peer), batch, absent),
            *dlzoo_contestants(name, batch, engines, scratch),
        ]
        seconds = measure(contestants, rounds=rounds, turn=TURN, absent=absent)
    ours = f"{DLZOO}, {engines[0]}"
    if ours not in seconds:
        raise Missing(absent[ours])
    kinds = {each: "bfloat16" for each in seconds if each.endswith("bfloat16")}
    column = peak.shares(seconds, batch * peak.multiply_adds(name, SIDE), kinds)
    text = table(f"{PAPER[name]}, batch {batch}", seconds, KERAS, column) + "\n"
    text += "".join(f"Not measured: {who}: {why}\n\n" for who, why in absent.items())
    measured = [ratio(seconds, p, ours) if p in seconds else None for p in (KERAS, OPENVINO)]
    return text + peak.described(), measured


def parts(rounds=20, models=USUAL, batches=(1, 8), engines=("auto",)):
    for name in models:
        for batch in batches:
            bars = BARS.get((name, batch), (None, None))
            work = f"prediction, {PAPER[name]}, batch {batch}"
            yield Part(
                f"prediction of {name}, batch {batch}",
                tuple(Row(work, p, b) for p, b in zip((KERAS, OPENVINO), bars, strict=True)),
                functools.partial(prediction, name, batch, rounds, engines),
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--models", nargs="+", choices=APPLICATIONS, default=USUAL)
    parser.add_argument("--batches", nargs="+", type=int, default=(1, 8))
    parser.add_argument("--engines", nargs="+", default=("auto",))
    arguments = parser.parse_args()
    measured_program("prediction", TITLE, parts(**vars(arguments)), PACKAGES)


if __name__ == "__main__":
    main()
