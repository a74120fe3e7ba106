"""Streets from a car: a class for each pixel of CamVid, from a network that knows ImageNet.

    export DLZOO_TEST_DATA=...                       # the folder with camvid/ and weights/
    python applications/segment_streets/run.py       # U-Net on MobileNetV2
    python applications/segment_streets/run.py --plain    # without weights of classes and Dice

Interrupted, the same command goes on where it was.
"""

import argparse
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import dlzoo
from dlzoo.data import median_frequency_weights, open_masks

CLASSES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car",
    "Pedestrian", "Bicyclist",
)  # fmt: skip
VOID = 11  # in the files


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
    options: dict = field(default_factory=dict)


def streets(data):
    """CamVid as it is divided: 367 train, 101 dev, 233 test."""
    return open_masks(data / "camvid", classes=CLASSES, void=VOID, fractions={"train": 1.0})


def class_weights(dataset, power):
    """Class name to weight: rare classes count more, softened by `power`."""
    weights = median_frequency_weights(dataset.splits["train"].pixels) ** power
    return dict(zip(dataset.classes, np.round(weights, 4).tolist(), strict=True))


def train(config, dataset, data, out):
    """Fine-tune on `dataset`; return the result and the seconds it took."""
    started = time.perf_counter()
    result = dlzoo.fine_tune(
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
        **config.options,
    )
    return result, time.perf_counter() - started


def table(config, result, seconds):
    """The lines of README.md."""
    score = result.report.splits["test"]
    yield "| network | mean IoU | pixel accuracy | minutes |"
    yield "| --- | ---: | ---: | ---: |"
    yield (
        f"| {config.title} | {score.mean_iou:.3f} | {score.pixel_accuracy:.3f} "
        f"| {seconds / 60:.1f} |"
    )
    yield ""
    yield "| " + " | ".join(row.name for row in score.classes) + " |"
    yield "|" + " ---: |" * len(score.classes)
    cells = ("-" if row.iou is None else f"{row.iou:.2f}" for row in score.classes)
    yield "| " + " | ".join(cells) + " |"


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
    result, seconds = train(config, streets(data), data, out)
    print(f"\n{result}\n")
    print("\n".join(table(config, result, seconds)))


if __name__ == "__main__":
    main()
