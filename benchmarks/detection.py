"""YOLO v3 at 416 pixels: decoding and suppression of 10,647 candidates of 80 classes.

    python -m benchmarks.detection [--rounds 100]

The layer inside the exported graph (a SavedModel that is loaded again), with and without its
choice of the likeliest candidates first, against the usual program: NumPy decodes, OpenCV
suppresses each class. The pictures have 50 objects, a crowd of 1000, and nothing but noise of
which most candidates are above the threshold, in a dozen classes each (OpenCV, which needs
ten seconds for that, is left out there).
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
PICTURES = {"50 objects": 50, "1000 objects": 1000, "noise": None}
BAR = 10  # milliseconds


def places():
    """Cell, size of the anchor and stride of each candidate, `(10647, 2)` each."""
    import numpy as np

    parts = []
    for stride, scale in zip(STRIDES, ANCHORS, strict=True):
        row, column = np.mgrid[: SIDE // stride, : SIDE // stride]
        cells = np.stack([column, row], -1).reshape(-1, 2).repeat(len(scale), 0)
        parts.append((cells, np.tile(scale, (row.size, 1)), np.full_like(cells, stride)))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def candidates(picture):
    """Raw answers of the heads, `(1, 10647, 85)`.

    An object is seen by the cells around its centre and the anchors of about its size.
    """
    import numpy as np

    rng, objects = np.random.default_rng(0), PICTURES[picture]
    cells, sizes, steps = places()
    raw = rng.normal(0, 1, (len(cells), 5 + CLASSES))
    raw[:, 2:4] *= 0.3
    if objects is None:
        raw[:, 4] = 2 * raw[:, 4] - 2
        raw[:, 5:] = 2 * raw[:, 5:] - 3
        return raw[None].astype("float32")
    raw[:, 4] = 1.5 * raw[:, 4] - 7
    raw[:, 5:] = 1.5 * raw[:, 5:] - 6
    for _ in range(objects):
        centre, extent = rng.uniform(0, SIDE, 2), np.exp(rng.uniform(3, 5, 2))
        inside = centre / steps - cells
        ratio = np.log(extent / sizes)
        near = (abs(inside - 0.5).max(1) < 1) & (abs(ratio).max(1) < 0.7)
        shift = inside[near].clip(0.05, 0.95)
        raw[near, :2] = np.log(shift / (1 - shift))
        raw[near, 2:4] = ratio[near] + rng.normal(0, 0.05, (near.sum(), 2))
        raw[near, 4] = rng.normal(2, 1.5, near.sum())
        raw[near, 5 + rng.integers(CLASSES)] = rng.normal(3, 1, near.sum())
    return raw[None].astype("float32")


def exported(picture, chosen):
    """The layer as a SavedModel."""
    import keras
    import tensorflow as tf

    from dlzoo.layers import YOLODetections

    layer = YOLODetections(
        CLASSES, ANCHORS, STRIDES, candidates=chosen, name="detections", **LIMITS
    )
    raw = keras.Input(candidates(picture).shape[1:], name="raw")
    image = keras.Input((SIDE, SIDE, 3), name="image")
    folder = tempfile.mkdtemp()
    keras.Model([raw, image], layer([raw, image])).export(folder, verbose=False)
    serve = tf.saved_model.load(folder).serve
    values = tf.constant(candidates(picture)), tf.zeros((1, SIDE, SIDE, 3))
    return lambda: serve(list(values))["count"].numpy()


def plain(picture):
    """NumPy and OpenCV."""
    import cv2
    import numpy as np

    raw = candidates(picture)[0]
    cells, sizes, steps = places()

    def logistic(x):
        return 1 / (1 + np.exp(-x))

    def step():
        extent = np.exp(raw[:, 2:4]) * sizes
        corner = (logistic(raw[:, :2]) + cells) * steps - extent / 2
        scores = logistic(raw[:, 4:5]) * logistic(raw[:, 5:])
        place, label = np.nonzero(scores > LIMITS["score_threshold"])
        boxes = np.concatenate([corner, extent], axis=1)[place]
        scores, kept = scores[place, label], []
        for one in np.unique(label):
            (own,) = np.nonzero(label == one)
            limits = LIMITS["score_threshold"], LIMITS["iou_threshold"]
            kept.extend(own[cv2.dnn.NMSBoxes(boxes[own], scores[own], *limits)])
        kept = sorted(kept, key=lambda i: -scores[i])[: LIMITS["most"]]
        return boxes[kept], scores[kept]

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    text = "# Decoding and suppression of YOLO v3 at 416 pixels, CPU\n\n"
    text += "| picture | contestant | median, ms | 90th percentile, ms | fastest, ms |\n"
    text += "| --- | --- | ---: | ---: | ---: |\n"
    ours = {"KERAS_BACKEND": "tensorflow"}
    for picture in PICTURES:
        options = {"picture": picture, "chosen": 1000}
        contestants = [
            Contestant("dlzoo", exported, options, ours),
            Contestant("dlzoo, all candidates", exported, options | {"chosen": None}, ours),
        ]
        if PICTURES[picture]:
            contestants.append(Contestant("NumPy and OpenCV", plain, {"picture": picture}))
        seconds = measure(contestants, rounds=arguments.rounds)
        for name, values in seconds.items():
            high = statistics.quantiles(values, n=10, method="inclusive")[-1]
            figures = (statistics.median(values), high, min(values))
            cells = " | ".join(f"{1000 * value:.1f}" for value in figures)
            text += f"| {picture} | {name} | {cells} |\n"
    text += f"\nThe bar for dlzoo is {BAR} ms.\n\n"
    publish(
        "detection",
        text + machine("dlzoo", "keras", "tensorflow", "opencv-contrib-python-headless"),
    )


if __name__ == "__main__":
    main()
