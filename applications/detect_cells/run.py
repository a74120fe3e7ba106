"""Blood cells under the microscope: red cells, white cells and platelets in boxes.

    export DLZOO_TEST_DATA=...                       # the folder with bccd/ and weights/
    python applications/detect_cells/run.py          # YOLO on MobileNetV2
    python applications/detect_cells/run.py --faster-rcnn   # on the same backbone

Interrupted, the same command goes on where it was.
"""

import argparse
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import dlzoo
from dlzoo.data import open_boxes, read_image

# Of Faster R-CNN, whose published form is for 80 kinds of objects in larger images: an image
# holds 30 cells at most, the smallest of 25 pixels.
SMALLER = {
    "channels": 64,
    "hidden": 256,
    "proposals": 200,
    "candidates": 300,
    "sizes": (16, 32, 64, 128, 256),
}


@dataclass(frozen=True)
class Config:
    """How the cells are learnt."""

    title: str = "YOLO on MobileNetV2"
    model: str = "yolo"
    backbone: str = "mobilenet_v2"
    weights: str = "weights/mobilenet_v2_imagenet_keras.h5"
    # Two thirds of the sides of the photographs: a platelet is still 25 pixels wide.
    image_size: tuple[int, int] = (320, 416)
    augment: tuple[str, ...] = (
        "flip", "flip_vertical", "scale", "crop", "brightness", "contrast", "saturation",
        "mosaic",
    )  # fmt: skip
    epochs: tuple[int, int] = (3, 60)  # of what is behind the backbone alone, of all
    options: dict = field(default_factory=dict)
    # No cell fills the image: two scales are enough.
    model_options: dict = field(default_factory=lambda: {"strides": (16, 8)})


def cells(data):
    """BCCD as it is divided: 205 train, 87 dev, 72 test; two of its boxes are empty."""
    return open_boxes(data / "bccd", on_bad_box="clip", fractions={"train": 1.0})


def train(config, dataset, data, out):
    """Fine-tune on `dataset`; return the result and the seconds it took."""
    started = time.perf_counter()
    result = dlzoo.fine_tune(
        config.model,
        dataset,
        backbone=config.backbone,
        model_options=config.model_options,
        weights=data / config.weights,
        image_size=config.image_size,
        augment=list(config.augment),
        unfreeze="all",
        epochs=config.epochs,
        patience=sum(config.epochs),
        out=out,
        **config.options,
    )
    return result, time.perf_counter() - started


def latency(model, dataset, images=20):
    """Milliseconds for one image, from its pixels to its boxes: the median."""
    pictures = [read_image(path) for path in dataset.splits["test"].paths[:images]]
    times = []
    for picture in pictures[:1] + pictures:  # the first one compiles
        started = time.perf_counter()
        dlzoo.predict(model, picture)
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times[1:]))


def table(config, result, seconds, milliseconds):
    """The lines of README.md."""
    score = result.report.splits["test"]
    yield "| detector | AP50 | AP | minutes | ms an image |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    yield (
        f"| {config.title} | {score.ap50:.3f} | {score.ap:.3f} | {seconds / 60:.1f} "
        f"| {milliseconds:.0f} |"
    )
    yield ""
    yield "| AP50 | " + " | ".join(row.name for row in score.classes) + " |"
    yield "| --- |" + " ---: |" * len(score.classes)
    cells = ("-" if row.ap50 is None else f"{row.ap50:.2f}" for row in score.classes)
    yield f"| {config.title} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/detect_cells"))
    parser.add_argument("--faster-rcnn", action="store_true", help="two stages, not one")
    parser.add_argument("--epochs", type=int, nargs=2, metavar=("REST", "ALL"))
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder that holds bccd/")
    config, out, data = Config(), arguments.out / "yolo", Path(arguments.data)
    if arguments.faster_rcnn:
        config = replace(
            config,
            title="Faster R-CNN on MobileNetV2",
            model="faster_rcnn",
            epochs=(1, 12),
            model_options=SMALLER,
            options={"batch_size": 4},
        )
        out = arguments.out / "faster_rcnn"
    if arguments.epochs:
        config = replace(config, epochs=tuple(arguments.epochs))
    dataset = cells(data)
    result, seconds = train(config, dataset, data, out)
    print(f"\n{result}\n")
    print("\n".join(table(config, result, seconds, latency(result.model, dataset))))


if __name__ == "__main__":
    main()
