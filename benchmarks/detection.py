"""YOLO v3 at 416 pixels: decoding and suppression of 10,647 candidates of 80 classes.

    python -m benchmarks.detection [--rounds 30]

The layer inside the exported graph (a SavedModel that is loaded again), with and without its
choice of the likeliest candidates first, against the usual program: NumPy decodes, OpenCV
suppresses. `few` is a picture with some objects, as networks answer it: most candidates are
background; `many` has thousands that are not.
"""

import argparse
import statistics
import tempfile

from benchmarks.side_by_side import Contestant, machine, measure, publish

SIDE, CLASSES = 416, 80
STRIDES = (32, 16, 8)
ANCHORS = (
    ((116, 90), (156, 198), (373, 326)),
    ((30, 61), (62, 45), (59, 119)),
    ((10, 13), (16, 30), (33, 23)),
)
LIMITS = {"score_threshold": 0.05, "iou_threshold": 0.45, "most": 100}
BACKGROUND = {"few": -6.0, "many": -2.0}  # mean of the raw objectness; its deviation is 2
BAR = 10  # milliseconds


def candidates(kind):
    """Raw answers of the heads, `(1, 10647, 85)`."""
    import numpy as np

    count = sum(3 * (SIDE // stride) ** 2 for stride in STRIDES)
    raw = np.random.default_rng(0).normal(0, 1, (1, count, 5 + CLASSES)).astype("float32")
    raw[..., 2:4] *= 0.3
    raw[..., 4] = 2 * raw[..., 4] + BACKGROUND[kind]
    raw[..., 5:] = 2 * raw[..., 5:] - 3
    return raw


def exported(kind, chosen):
    """The layer as a SavedModel."""
    import keras
    import tensorflow as tf

    from dlzoo.layers import YOLODetections

    layer = YOLODetections(
        CLASSES, ANCHORS, STRIDES, candidates=chosen, name="detections", **LIMITS
    )
    raw = keras.Input(candidates(kind).shape[1:], name="raw")
    image = keras.Input((SIDE, SIDE, 3), name="image")
    folder = tempfile.mkdtemp()
    keras.Model([raw, image], layer([raw, image])).export(folder, verbose=False)
    serve = tf.saved_model.load(folder).serve
    values = tf.constant(candidates(kind)), tf.zeros((1, SIDE, SIDE, 3))
    return lambda: serve(list(values))["count"].numpy()


def plain(kind):
    """NumPy and OpenCV."""
    import cv2
    import numpy as np

    raw = candidates(kind)[0]
    cells, sizes, steps = [], [], []
    for stride, scale in zip(STRIDES, ANCHORS, strict=True):
        side = SIDE // stride
        row, column = np.mgrid[:side, :side]
        cells.append(np.stack([column, row], -1).reshape(-1, 2).repeat(len(scale), 0))
        sizes.append(np.tile(scale, (side * side, 1)))
        steps.append(np.full((side * side * len(scale), 1), stride))
    cells, sizes, steps = (np.concatenate(part) for part in (cells, sizes, steps))

    def logistic(x):
        return 1 / (1 + np.exp(-x))

    def step():
        extent = np.exp(raw[:, 2:4]) * sizes
        corner = (logistic(raw[:, :2]) + cells) * steps - extent / 2
        scores = logistic(raw[:, 4:5]) * logistic(raw[:, 5:])
        place, label = np.nonzero(scores > LIMITS["score_threshold"])
        boxes = np.concatenate([corner, extent], axis=1)[place]
        kept = cv2.dnn.NMSBoxesBatched(
            boxes, scores[place, label], label, LIMITS["score_threshold"],
            LIMITS["iou_threshold"],
        )  # fmt: skip
        return boxes[kept[: LIMITS["most"]]]

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    text = "# Decoding and suppression of YOLO v3 at 416 pixels, CPU\n\n"
    text += "| picture | contestant | median, ms | fastest, ms |\n| --- | --- | ---: | ---: |\n"
    ours = {"KERAS_BACKEND": "tensorflow"}
    for kind in BACKGROUND:
        contestants = [
            Contestant("dlzoo", exported, {"kind": kind, "chosen": 1000}, ours),
            Contestant("dlzoo, all candidates", exported, {"kind": kind, "chosen": None}, ours),
            Contestant("NumPy and OpenCV", plain, {"kind": kind}),
        ]
        seconds = measure(contestants, rounds=arguments.rounds)
        for name, values in seconds.items():
            median, fastest = (1000 * f(values) for f in (statistics.median, min))
            text += f"| {kind} | {name} | {median:.1f} | {fastest:.1f} |\n"
    text += f"\nThe bar for dlzoo is {BAR} ms.\n\n"
    publish(
        "detection",
        text + machine("dlzoo", "keras", "tensorflow", "opencv-contrib-python-headless"),
    )


if __name__ == "__main__":
    main()
