"""R-CNN against one pass: what it costs to run a network on every proposal by itself.

    python -m benchmarks.rcnn [--side 96] [--rounds 3]

A photograph of 640 x 427 pixels, two classes, MobileNetV2 with random weights. R-CNN runs
it on every proposal of selective search, YOLO and Faster R-CNN on the whole photograph at
320 pixels. Selective search alone is measured, too.
"""

import argparse
import statistics

from benchmarks.side_by_side import Contestant, machine, measure, publish

YOLO = "YOLO, 320 px"


def photograph():
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg")


def body(side):
    import dlzoo

    return dlzoo.models.mobilenet_v2(
        classes=0, input_shape=(side, side, 3), include_preprocessing=True
    )


def rcnn(side):
    import numpy as np

    from dlzoo.detection import RCNN

    network = body(side)
    _, rows, columns, channels = network.output_shape
    grid = 2
    machines = np.zeros((min(grid, rows) ** 2 * channels + 1, 2), "float32")
    machines[-1] = -1  # nothing found: few boxes are regressed in practice, either
    regressors = np.zeros((2, rows * columns * channels + 1, 4), "float32")
    detector = RCNN(("a", "b"), network, machines, regressors, (1.0, 1.0), grid)
    image = photograph()
    return lambda: detector(image)


def search():
    from dlzoo.detection import selective_search

    image = photograph()
    return lambda: selective_search(image)


def yolo(side):
    from dlzoo.models import yolo, yolo_detector

    options = {"backbone": "mobilenet_v2", "include_preprocessing": True}
    return one_pass(yolo_detector(yolo(None, 2, (side, side, 3), **options)), side)


def faster_rcnn(side):
    from dlzoo.models import faster_rcnn

    options = {"backbone": "mobilenet_v2", "include_preprocessing": True}
    return one_pass(faster_rcnn(None, 2, (side, side, 3), **options), side)


def one_pass(detector, side):
    from dlzoo.data import read_image

    image = read_image(photograph(), side)[None]
    return lambda: detector.predict_on_batch(image)


def table(title, seconds):
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    text = f"### {title}\n\n| detector | median, ms | fastest, ms | times as long as YOLO |\n"
    text += "| --- | ---: | ---: | ---: |\n"
    for name, median in medians.items():
        fastest, ratio = 1000 * min(seconds[name]), median / medians[YOLO]
        text += f"| {name} | {1000 * median:.0f} | {fastest:.0f} | {ratio:.1f} |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=96, help="of the warped crops, in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    from dlzoo.detection import selective_search

    proposals = len(selective_search(photograph()))
    seconds = measure(
        [
            Contestant("R-CNN", rcnn, {"side": arguments.side}),
            Contestant("selective search alone", search),
            Contestant("Faster R-CNN, 320 px", faster_rcnn, {"side": 320}),
            Contestant(YOLO, yolo, {"side": 320}),
        ],
        rounds=arguments.rounds,
        warmup=1,
    )
    title = f"One image, MobileNetV2, {proposals} proposals at {arguments.side} px"
    foot = machine("dlzoo", "keras", "tensorflow", "opencv-contrib-python-headless")
    text = f"# R-CNN, CPU\n\n{table(title, seconds)}\n{foot}"
    publish("rcnn", text)


if __name__ == "__main__":
    main()
