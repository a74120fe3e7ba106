"""Cells under the electron microscope: the U-Net paper's own task, from scratch.

    export DLZOO_TEST_DATA=...                            # the folder with isbi2012/
    python applications/segment_streets/isbi.py           # deformation and border weights
    python applications/segment_streets/isbi.py --without elastic
    python applications/segment_streets/isbi.py --without borders

24 slices to learn from, of which three choose the epoch, and six to test on; the same ones
each time. Interrupted, the same command goes on where it was.
"""

import argparse
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import dlzoo
from dlzoo.data import open_masks

CLASSES = {"membrane": 0, "cell": 255}
SLICES, TESTED, CHOOSING = 30, 6, 3


@dataclass(frozen=True)
class Config:
    """How the cells are learnt."""

    title: str = "U-Net of a quarter of the paper's width"
    width: int = 16  # the paper's 64 take sixteen times as long
    crop: int = 256
    epochs: int = 80
    augment: tuple[str, ...] = (
        "flip", "flip_vertical", "rotate", "elastic", "brightness", "contrast",
    )  # fmt: skip
    border_weights: bool = True


def cells(data):
    """The slices, in the order of the stack; the last six are tested on."""
    folder = data / "isbi2012"
    pairs = [
        (folder / "image" / f"{number}.png", folder / "label" / f"{number}.png")
        for number in range(SLICES)
    ]
    learnt = SLICES - TESTED - CHOOSING
    return open_masks(
        {
            "train": pairs[:learnt],
            "dev": pairs[learnt : learnt + CHOOSING],
            "test": pairs[-TESTED:],
        },
        classes=CLASSES,
        fractions={"train": 1.0},
    )


def train(config, dataset, out):
    """Train from scratch; return the result and the seconds it took."""
    started = time.perf_counter()
    result = dlzoo.fine_tune(
        "unet",
        dataset,
        model_options={"width": config.width},
        weights=None,
        crop=config.crop,
        batch_size=3,
        loss="cross_entropy",
        border_weights=config.border_weights,
        augment=list(config.augment),
        epochs=config.epochs,
        patience=config.epochs,
        out=out,
    )
    return result, time.perf_counter() - started


def row(config, result, seconds):
    """A line of the table in README.md."""
    score = result.report.splits["test"]
    cell = next(one for one in score.classes if one.name == "cell")
    error = 1 - score.pixel_accuracy
    return f"| {config.title} | {cell.iou:.3f} | {error:.4f} | {seconds / 60:.1f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/isbi2012"))
    parser.add_argument("--without", choices=["elastic", "borders"])
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder that holds isbi2012/")
    config = Config()
    if arguments.without == "elastic":
        kept = tuple(name for name in config.augment if name != "elastic")
        config = replace(config, title="the same without deformation", augment=kept)
    elif arguments.without == "borders":
        config = replace(config, title="the same without border weights", border_weights=False)
    out = arguments.out / (arguments.without or "whole")
    result, seconds = train(config, cells(Path(arguments.data)), out)
    print(f"\n{result}\n")
    print("| network | cell IoU | pixel error | minutes |")
    print("| --- | ---: | ---: | ---: |")
    print(row(config, result, seconds))


if __name__ == "__main__":
    main()
