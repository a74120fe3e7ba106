"""Train `vgg_small`, the feature network that ships with dlzoo, on Tiny ImageNet.

    python applications/transfer_style/train_features.py tiny-imagenet-200 --out runs/features

`tiny-imagenet-200` is the folder as Stanford's CS231n published it: `train/<class>/images`,
`val/images` and `val/val_annotations.txt`; 100,000 and 10,000 photographs of 64 x 64.
Small pictures first: at 32 pixels a step costs a quarter, and most is learnt there.

Writes `vgg_small.safetensors` (batch normalisation folded into the convolutions, float16)
and `report.json` with the accuracy of that very file. Interrupted, the same command goes on.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from rich.progress import track
from safetensors.numpy import save_file

import dlzoo
from dlzoo.training import Batches, Schedule, Stage, Trainable, Trainer

MARGIN = 4  # pixels at most by which a picture is shifted


@dataclass(frozen=True)
class Phase:
    """Epochs on squares of one side."""

    side: int  # pixels
    epochs: int
    learning_rate: float


PHASES = (Phase(32, 10, 3e-3), Phase(48, 3, 1.5e-3), Phase(64, 2, 7e-4))


class Pictures:
    """Pictures of 64 pixels, shown at `side`: indexed like an array.

    Up to half they are averaged down, else cut out: then things look as large as in 64.
    With a generator they are mirrored and shifted at random.
    """

    def __init__(self, pixels, side, generator=None):
        self.pixels = pixels
        self.side = side
        self.generator = generator

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, chosen):
        images = self.pixels[chosen]
        if self.side <= 32:
            images = images.reshape(-1, 32, 2, 32, 2, 3).mean((2, 4))
        if self.generator is None:
            return images.astype("float32")
        return self._moved(images).astype("float32")

    def _moved(self, images):
        margin = max(MARGIN * images.shape[1] // 64, (self.side - images.shape[1]) // 2)
        images = np.pad(images, ((0, 0), (margin,) * 2, (margin,) * 2, (0, 0)), "reflect")
        free = images.shape[1] - self.side + 1
        moved = np.empty((len(images), self.side, self.side, 3), images.dtype)
        draws = self.generator.integers((free, free, 2), size=(len(images), 3))
        for image, (top, left, mirrored), place in zip(images, draws, moved, strict=True):
            cut = image[top : top + self.side, left : left + self.side]
            place[:] = cut[:, ::-1] if mirrored else cut
        return moved


def read(folder):
    """Pixels and labels of train and val; decoded once into `pixels.npz` beside `folder`."""
    cache = folder.parent / "tiny_imagenet_pixels.npz"
    if not cache.exists():
        classes = sorted(path.name for path in (folder / "train").iterdir())
        rows = [line.split("\t")[:2] for line in _lines(folder / "val/val_annotations.txt")]
        paths = {
            "train": [(p, p.parts[-3]) for p in sorted(folder.glob("train/*/images/*.JPEG"))],
            "val": [(folder / "val/images" / name, wnid) for name, wnid in rows],
        }
        arrays = {}
        for split, pairs in paths.items():
            pixels = [_pixels(path) for path, _ in track(pairs, f"Reading {split}")]
            arrays[f"{split}_x"] = np.stack(pixels)
            arrays[f"{split}_y"] = np.array([classes.index(wnid) for _, wnid in pairs])
        np.savez(cache, **arrays)
    with np.load(cache) as arrays:
        return {name: arrays[name] for name in ("train_x", "train_y", "val_x", "val_y")}


def _lines(path):
    return path.read_text().splitlines()


def _pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def train(model, data, out, phases):
    """Train in `phases`; what did best on val stays in `model`."""
    val = Batches(Pictures(data["val_x"], 64), data["val_y"], 256)

    def stage(number, phase):
        def prepare():
            pictures = Pictures(data["train_x"], phase.side, np.random.default_rng(number))
            return Trainable(
                model,
                Batches(pictures, data["train_y"], 128, seed=(number,)),
                val,
                keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
            )

        schedule = Schedule(phase.epochs, phase.learning_rate, weight_decay=0.05)
        return Stage(f"{phase.side} pixels", prepare, schedule)

    trainer = Trainer(out / "checkpoint.npz", score=lambda logs: (logs["val_accuracy"],))
    return trainer.run([stage(number, phase) for number, phase in enumerate(phases)])


def folded(model):
    """The tensors of the same network without batch normalisation, by our names."""
    tensors = {}
    for layer in model.layers:
        if isinstance(layer, dlzoo.layers.ConvBN):
            gamma, beta, mean, variance = layer.bn.get_weights()
            factor = gamma / np.sqrt(variance + layer.epsilon)
            tensors[f"{layer.name}/kernel"] = layer.conv.get_weights()[0] * factor
            tensors[f"{layer.name}/bias"] = beta - mean * factor
    kernel, bias = model.get_layer("head").get_weights()
    return tensors | {"head/kernel": kernel, "head/bias": bias}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/features"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    data = read(arguments.folder)

    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = dlzoo.models.vgg_small(
        batch_norm=True,
        input_shape=(None, None, 3),
        classifier_activation=None,
        include_preprocessing=True,
    )
    history = train(model, data, arguments.out, PHASES)

    keras.config.set_dtype_policy("float32")
    path = arguments.out / "vgg_small.safetensors"
    save_file({name: t.astype("float16") for name, t in folded(model).items()}, path)
    shipped = dlzoo.models.vgg_small(path, include_preprocessing=True)
    answers = shipped.predict(data["val_x"].astype("float32"), batch_size=256, verbose=0)
    best_first = np.argsort(-answers, axis=1)
    right = best_first[:, :5] == data["val_y"][:, None]
    report = {"top1": right[:, 0].mean(), "top5": right.any(1).mean(), "history": history}
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1, default=float))
    print(f"top-1 {report['top1']:.3f}, top-5 {report['top5']:.3f} on val; {path}")


if __name__ == "__main__":
    main()
