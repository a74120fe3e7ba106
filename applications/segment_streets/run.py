"""Streets from a car: a class for each pixel of CamVid, from a network that knows ImageNet.

    export DLZOO_TEST_DATA=...                       # the folder with camvid/ and weights/
    python applications/segment_streets/run.py       # U-Net on MobileNetV2
    python applications/segment_streets/run.py --plain    # without weights of classes and Dice

Interrupted, the same command goes on where it was.
"""

import argparse
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import dlzoo
from dlzoo.data import median_frequency_weights, open_masks
from dlzoo.metrics import class_iou, mean_iou, pixel_accuracy, pixel_confusion

CLASSES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car",
    "Pedestrian", "Bicyclist",
)  # fmt: skip
VOID = 11  # in the files
VIEWS = {
    "one look": {},
    "mirrored, three sizes": {"flip": True, "ratios": (0.75, 1, 1.25)},
}


@dataclass(frozen=True)
class Config:
    """How the streets are learnt."""

    title: str = "U-Net on MobileNetV2"
    backbone: str = "mobilenet_v2"
    weights: str = "weights/mobilenet_v2_imagenet_keras.h5"
    # Thin things have few pixels: the images of 240 x 180 are enlarged, then cut.
    image_size: tuple[int, int] = (240, 320)
    crop: tuple[int, int] = (192, 256)
    decoder: tuple[int, ...] = (128, 64, 32, 16)  # scores at half the size, enlarged
    loss: str = "cross_entropy+dice"
    balance: float = 0.5  # power of the median-frequency weights; 0 is none
    epochs: tuple[int, int] = (4, 36)  # of the decoder alone, of all


def streets(data):
    """CamVid as it is divided: 367 train, 101 dev, 233 test."""
    return open_masks(data / "camvid", classes=CLASSES, void=VOID, fractions={"train": 1.0})


def class_weights(dataset, power):
    """Class name to weight: rare classes count more, softened by `power`."""
    weights = median_frequency_weights(dataset.splits["train"].pixels) ** power
    return dict(zip(dataset.classes, np.round(weights, 4).tolist(), strict=True))


def train(config, dataset, data, out):
    """Fine-tune on `dataset`."""
    return dlzoo.fine_tune(
        "unet_backbone",
        dataset,
        backbone=config.backbone,
        model_options={"decoder": config.decoder, "upsampling": "bilinear"},
        weights=data / config.weights,
        image_size=config.image_size,
        crop=config.crop,
        loss=config.loss,
        class_weights=class_weights(dataset, config.balance) if config.balance else None,
        unfreeze="all",
        epochs=config.epochs,
        patience=sum(config.epochs),
        out=out,
    )


def tested(model, dataset, **views):
    """The confusion of the test's images, each in its own size."""
    examples, confusion = dataset.splits["test"], 0
    answers = dlzoo.segmentation.segment(model, list(examples.paths), **views)
    for number, answer in enumerate(answers):
        _, truth = examples.read(number)
        confusion = confusion + pixel_confusion(truth, answer.mask, len(CLASSES))
    return confusion


def table(config, result, dataset):
    """The lines of README.md."""
    seconds = sum(record["seconds"] for record in result.history)
    yield f"{config.title}, {seconds / 60:.1f} minutes of training"
    yield ""
    yield "| prediction | mean IoU | pixel accuracy | seconds |"
    yield "| --- | ---: | ---: | ---: |"
    for title, views in VIEWS.items():
        started = time.perf_counter()
        confusion = tested(result.model, dataset, **views)
        spent = time.perf_counter() - started
        right = pixel_accuracy(confusion)
        yield f"| {title} | {mean_iou(confusion):.3f} | {right:.3f} | {spent:.0f} |"
    yield ""
    yield "| " + " | ".join(CLASSES) + " |"
    yield "|" + " ---: |" * len(CLASSES)
    yield "| " + " | ".join(f"{iou:.2f}" for iou in class_iou(confusion)) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/segment_streets"))
    parser.add_argument("--plain", action="store_true", help="cross entropy, equal classes")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder that holds camvid/")
    config, out, data = Config(), arguments.out / "tuned", Path(arguments.data)
    if arguments.plain:
        config = replace(
            config, title=f"{config.title}, plain", loss="cross_entropy", balance=0.0
        )
        out = arguments.out / "plain"
    dataset = streets(data)
    result = train(config, dataset, data, out)
    print(f"\n{result}\n")
    for line in table(config, result, dataset):
        print(line)


if __name__ == "__main__":
    main()
