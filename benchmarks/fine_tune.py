"""Fine-tuning on a frozen body for ten epochs: dlzoo against `fit` on the frozen Keras model.

    python -m benchmarks.fine_tune [FOLDER WEIGHTS] [--side 128] [--rounds 3]

FOLDER holds `train`, `val` and `test` with class folders (e.g. SIGNS), WEIGHTS is
keras.applications' file of MobileNetV2; without them those in `DLZOO_TEST_DATA`. Both
sides have the same body with the same weights, frozen, a new head, AdamW, batches of 32, ten
epochs, no augmentation, and look at the dev images after each epoch. What is timed:

- Keras: `fit` alone, on images that are decoded already;
- dlzoo: features and head (the work that `fit` does), and the whole call of
  `dlzoo.fine_tune`, which also reads, checks and decodes the files, tests the classifier on
  every split and writes model, report and pictures.

A model is built anew in each round; the rounds take turns.
"""

import argparse
import functools
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.bars import Missing, Part, Row, measured_program
from benchmarks.side_by_side import Contestant, measure

TITLE = "Fine-tuning a frozen body, CPU"
PACKAGES = ("tensorflow",)
EPOCHS, BATCH, RATE = 10, 32, 3e-3
SPLITS = {"train": "train", "dev": "val", "test": "test"}
KERAS, DLZOO = "keras.applications, fit", "dlzoo.fine_tune, whole call"


def keras_fit(folder, weights, side, notes):
    """`fit` on the frozen keras.applications model, as its documentation shows it."""
    import keras
    import numpy as np

    import dlzoo

    data = dlzoo.data.open_images(
        {split: f"{folder}/{name}" for split, name in SPLITS.items()},
        on_duplicate="drop",
        fractions={"train": 1.0},
    )
    images = {
        split: np.asarray(dlzoo.data.decode(part, side)) for split, part in data.splits.items()
    }
    targets = {
        split: np.eye(len(data.classes))[part.labels] for split, part in data.splits.items()
    }

    def run():
        whole = keras.applications.MobileNetV2(
            weights=None, input_shape=(side, side, 3), pooling="avg"
        )
        whole.load_weights(weights)
        body = keras.Model(whole.input, whole.layers[-2].output)
        body.trainable = False
        image = keras.Input((side, side, 3))
        x = body(keras.layers.Rescaling(1 / 127.5, offset=-1)(image), training=False)
        x = keras.layers.Dropout(0.2)(x)
        scores = keras.layers.Dense(len(data.classes), activation="softmax")(x)
        model = keras.Model(image, scores)
        model.compile(
            keras.optimizers.AdamW(RATE), "categorical_crossentropy", metrics=["accuracy"]
        )
        started = time.perf_counter()
        model.fit(
            images["train"],
            targets["train"],
            batch_size=BATCH,
            epochs=EPOCHS,
            validation_data=(images["dev"], targets["dev"]),
            verbose=0,
        )
        spent = time.perf_counter() - started
        _, accuracy = model.evaluate(images["test"], targets["test"], verbose=0)
        _note(notes, {"accuracy": accuracy, "training": spent})

    return run


def dlzoo_fine_tune(folder, weights, side, notes):
    """The whole call, from files to files."""
    import dlzoo

    data = {split: f"{folder}/{name}" for split, name in SPLITS.items()}

    def run():
        out = tempfile.mkdtemp()
        try:
            tuned = dlzoo.fine_tune(
                "mobilenet_v2",
                data,
                weights=weights,
                out=out,
                image_size=side,
                unfreeze="head",
                epochs=EPOCHS,
                learning_rate=RATE,
                batch_size=BATCH,
                on_duplicate="drop",
                fractions={"train": 1.0},
            )
        finally:
            shutil.rmtree(out)
        seconds = tuned.report.seconds
        _note(
            notes,
            {
                "accuracy": tuned.report.splits["test"].accuracy,
                "training": seconds["features"] + seconds["head"],
            },
        )

    return run


def _note(path, values):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def _median(path, what):
    lines = Path(path).read_text(encoding="utf-8").splitlines()[1:]  # without the warm-up
    return statistics.median(json.loads(line)[what] for line in lines)


def chosen(folder, weights):
    """The data asked for, or those of the tests."""
    if folder and weights:
        return folder, weights
    home = os.environ.get("DLZOO_TEST_DATA")
    if not home:
        raise Missing("DLZOO_TEST_DATA names no folder with signs/ and weights/")
    found = Path(home, "signs"), Path(home, "weights", "mobilenet_v2_imagenet_keras.h5")
    for path in found:
        if not path.exists():
            raise Missing(f"there is no {path}")
    return tuple(map(str, found))


def compared(folder, weights, side, rounds):
    """Both programs in turns."""
    folder, weights = chosen(folder, weights)
    with tempfile.TemporaryDirectory() as scratch:
        notes = {KERAS: f"{scratch}/keras", DLZOO: f"{scratch}/dlzoo"}
        options = {"folder": folder, "weights": weights, "side": side}
        contestants = [
            Contestant(name, prepare, options | {"notes": notes[name]})
            for name, prepare in ((KERAS, keras_fit), (DLZOO, dlzoo_fine_tune))
        ]
        seconds = measure(contestants, rounds=rounds, warmup=1)
        fit, tuned = (_median(notes[name], "training") for name in (KERAS, DLZOO))
        right, ours = (_median(notes[name], "accuracy") for name in (KERAS, DLZOO))
    lines = [
        f"### Frozen MobileNetV2, {EPOCHS} epochs, {side} x {side}",
        "",
        "| what | median, s | as fast as `fit` | test accuracy |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, spent, accuracy in (
        (KERAS, fit, right),
        ("dlzoo.fine_tune, features and head", tuned, ours),
        (DLZOO, statistics.median(seconds[DLZOO]), ours),
    ):
        lines.append(f"| {name} | {spent:.1f} | {fit / spent:.1f} x | {accuracy:.1%} |")
    return "\n".join(lines) + "\n", [fit / tuned, 100 * (ours - right)]


def parts(folder=None, weights=None, side=128, rounds=3):
    work = f"frozen MobileNetV2, {EPOCHS} epochs at {side} px"
    yield Part(
        "fine-tuning a frozen body",
        (
            Row(f"fine-tuning, {work}", "`fit` on the frozen Keras model", at_least=5),
            Row(
                "the same, test accuracy against that of `fit`",
                "`fit` on the frozen Keras model",
                at_least=-1,  # one of the 120 test images of SIGNS is 0.8
                unit=" points",
            ),
        ),
        functools.partial(compared, folder, weights, side, rounds),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("weights", nargs="?")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    measured_program("fine_tune", TITLE, parts(**vars(arguments)), PACKAGES)


if __name__ == "__main__":
    main()
