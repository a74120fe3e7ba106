"""Hand signs for the digits 0 to 5: a network from scratch, and one that has seen the world.

    export DLZOO_TEST_DATA=...                      # the folder that holds signs/
    python applications/classify_signs/run.py b     # MobileNetV2, fine-tuned
    python applications/classify_signs/run.py a     # ResNet-50, from scratch, as in the lab
    python applications/classify_signs/run.py       # both, then the table of README.md

Interrupted, the same command goes on where it was.
"""

import argparse
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import dlzoo


@dataclass(frozen=True)
class Config:
    """One way to learn the signs: a network, and how `dlzoo.fine_tune` is to train it."""

    title: str
    model: str
    weights: str | None
    options: dict = field(default_factory=dict)


CONFIGS = {
    "a": Config(
        "ResNet-50 from scratch, 64 x 64",
        "resnet50",
        weights=None,
        options={
            "image_size": 64,
            "epochs": 60,
            "patience": 60,
            "batch_size": 32,
            "learning_rate": 1e-3,
            "label_smoothing": 0.1,
        },
    ),
    "b": Config(
        "MobileNetV2 with ImageNet weights, 128 x 128",
        "mobilenet_v2",
        weights="weights/mobilenet_v2_imagenet_keras.h5",
        options={"image_size": 128, "unfreeze": "last", "epochs": (20, 8)},
    ),
}


def train(config, data, out):
    """Fine-tune on the signs in `data`; return the result and the seconds it took."""
    started = time.perf_counter()
    result = dlzoo.fine_tune(
        config.model,
        data / "signs",
        weights=config.weights and data / config.weights,
        out=out,
        # The course's files hold the same picture in two splits, 27 times.
        on_duplicate="drop",
        # The folders bring train, dev and test; no train-dev is taken from train.
        fractions={"train": 0.7, "dev": 0.15, "test": 0.15},
        **config.options,
    )
    return result, time.perf_counter() - started


def row(config, result, seconds):
    """A line of the table in README.md."""
    accuracy = {name: split.accuracy for name, split in result.report.splits.items()}
    cells = [f"{100 * accuracy[name]:.1f}" for name in ("train", "dev", "test")]
    return f"| {config.title} | {' | '.join(cells)} | {seconds / 60:.1f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*CONFIGS, []], default=["b", "a"])
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/classify_signs"))
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder that holds signs/")
    rows = []
    for part in arguments.parts:
        config, out = CONFIGS[part], arguments.out / part
        result, seconds = train(config, Path(arguments.data), out)
        print(f"\n{result}\n")
        rows.append(row(config, result, seconds))
    print("| network | train, % | dev, % | test, % | minutes |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
