"""R-CNN against one pass: what it costs to run a network on every proposal by itself.

    python -m benchmarks.rcnn [--side 96] [--rounds 3]

A photograph of 640 x 427 pixels, MobileNetV2 with random weights, two classes. The one pass is
the body of the same network on the whole photograph at 320 pixels: what a one-pass detector on
this backbone spends most of its time on. Selective search alone is measured, too.
"""

import argparse

from benchmarks.side_by_side import Contestant, machine, measure, publish, table

ONE_PASS = "one pass at 320 px"


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


def one_pass(side):
    from dlzoo.data import read_image

    network = body(side)
    image = read_image(photograph(), side)[None]
    return lambda: network.predict_on_batch(image)


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
            Contestant(ONE_PASS, one_pass, {"side": 320}),
        ],
        rounds=arguments.rounds,
        warmup=1,
    )
    title = f"One image, MobileNetV2, {proposals} proposals at {arguments.side} px"
    foot = machine("dlzoo", "keras", "tensorflow", "opencv-contrib-python-headless")
    text = f"# R-CNN, CPU\n\n{table(title, seconds, ONE_PASS)}\n\n{foot}"
    publish("rcnn", text)


if __name__ == "__main__":
    main()
