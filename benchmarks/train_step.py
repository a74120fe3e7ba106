"""A training step: dlzoo against keras.applications, and PyTorch where it is installed.

    python -m benchmarks.train_step [--rounds 20] [--models resnet50 mobilenet_v2]

Batch 16 at 224 x 224, SGD with momentum, cross entropy; the same network on both sides
(`origin="keras"` against keras.applications, `origin="torch"` against torchvision's wiring
written with torch.nn by timm, in channels-last memory).
"""

import argparse
import functools
import importlib.util

from benchmarks import peak
from benchmarks.bars import Missing, Part, Row, measured_program
from benchmarks.peers import APPLICATIONS, PAPER, USUAL, applications_model, timm_model
from benchmarks.side_by_side import Contestant, measure, ratio, table

TITLE = "Training step, batch 16 at 224 x 224, CPU"
PACKAGES = ("tensorflow", "torch", "timm")
BATCH, SIDE, CLASSES = 16, 224, 1000
KERAS, TORCH = "keras.applications", "PyTorch eager, channels-last"
BARS = {  # DESIGN section 9
    KERAS: {"resnet50": 1.3, "mobilenet_v2": 1.5},
    TORCH: {"resnet50": 1.15, "mobilenet_v2": 1.4},
}
TENSORFLOW = {"KERAS_BACKEND": "tensorflow"}


def data():
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.normal(size=(BATCH, SIDE, SIDE, 3)).astype("float32")
    return images, rng.integers(0, CLASSES, BATCH)


def keras_step(model):
    import keras

    images, labels = data()
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        "sparse_categorical_crossentropy",
        jit_compile=False,  # XLA on a CPU is slower for both sides
    )
    return lambda: model.train_on_batch(images, labels)


def dlzoo_step(name, origin):
    import dlzoo

    return keras_step(dlzoo.create_model(name, origin=origin))


def applications_step(name):
    return keras_step(applications_model(name))


def torch_step(name):
    """PyTorch's eager step in the memory layout that is fastest on a CPU."""
    import torch

    images, labels = data()
    model = timm_model(name).train().to(memory_format=torch.channels_last)
    pixels = torch.tensor(images).permute(0, 3, 1, 2)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    target = torch.tensor(labels)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(pixels), target)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def against(name, peer, rounds):
    """A step of dlzoo's network and of the peer's, in turns."""
    step, origin = (applications_step, "keras") if peer == KERAS else (torch_step, "torch")
    if peer == TORCH and not importlib.util.find_spec("timm"):
        raise Missing("timm is not installed")
    contestants = [
        Contestant(peer, step, {"name": name}, TENSORFLOW if peer == KERAS else {}),
        Contestant("dlzoo", dlzoo_step, {"name": name, "origin": origin}, TENSORFLOW),
    ]
    seconds = measure(contestants, rounds=rounds)
    work = peak.TRAINING * BATCH * peak.multiply_adds(name, SIDE, origin)
    text = table(f"{name}, against {peer}", seconds, peer, peak.shares(seconds, work))
    return f"{text}\n{peak.described()}", [ratio(seconds, peer, "dlzoo")]


def parts(rounds=20, models=USUAL):
    return [
        Part(
            f"training step of {name} against {peer}",
            (Row(f"training step, {PAPER[name]}, batch {BATCH}", peer, bars.get(name)),),
            functools.partial(against, name, peer, rounds),
        )
        for name in models
        for peer, bars in BARS.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--models", nargs="+", choices=APPLICATIONS, default=USUAL)
    arguments = parser.parse_args()
    measured_program("train_step", TITLE, parts(**vars(arguments)), PACKAGES)


if __name__ == "__main__":
    main()
