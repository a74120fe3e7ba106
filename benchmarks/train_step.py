"""A training step: dlzoo against keras.applications, and PyTorch where it is installed.

    python -m benchmarks.train_step [--rounds 20] [--models resnet50 mobilenet_v2]

Batch 16 at 224 x 224, SGD with momentum, cross entropy; the same network on both sides
(`origin="keras"` against keras.applications, `origin="torch"` against torchvision's wiring
written with torch.nn by timm, in channels-last memory).
"""

import argparse
import importlib.util

from benchmarks.side_by_side import Contestant, machine, measure, publish, table

BATCH, SIDE, CLASSES = 16, 224, 1000
PEERS = {
    "resnet50": "ResNet50",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet": "MobileNet",
    "efficientnet_b0": "EfficientNetB0",
}
TIMM = {
    "resnet50": "resnet50",
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet": "mobilenetv1_100",
    "efficientnet_b0": "efficientnet_b0",
}
USUAL = ("resnet50", "mobilenet_v2")


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
    import keras

    return keras_step(getattr(keras.applications, PEERS[name])(weights=None))


def torch_step(name):
    """PyTorch's eager step in the memory layout that is fastest on a CPU."""
    import torch

    register = torch.library.register_fake

    def lenient(name, *args, **kwargs):  # torchvision without compiled operators
        if isinstance(name, str) and name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)

    torch.library.register_fake = lenient
    import timm

    images, labels = data()
    model = timm.create_model(TIMM[name]).train().to(memory_format=torch.channels_last)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--models", nargs="+", choices=PEERS, default=USUAL)
    arguments = parser.parse_args()
    tensorflow = {"KERAS_BACKEND": "tensorflow"}
    text = "# Training step, batch 16 at 224 x 224, CPU\n\n"
    for name in arguments.models:
        contestants = [
            Contestant("keras.applications", applications_step, {"name": name}, tensorflow),
            Contestant("dlzoo", dlzoo_step, {"name": name, "origin": "keras"}, tensorflow),
        ]
        seconds = measure(contestants, rounds=arguments.rounds)
        text += table(f"{name}, TensorFlow", seconds, "keras.applications") + "\n"
        if importlib.util.find_spec("timm"):
            contestants = [
                Contestant("PyTorch eager", torch_step, {"name": name}),
                Contestant("dlzoo", dlzoo_step, {"name": name, "origin": "torch"}, tensorflow),
            ]
            seconds = measure(contestants, rounds=arguments.rounds)
            text += table(f"{name}, against PyTorch", seconds, "PyTorch eager") + "\n"
    publish("train_step", text + machine("dlzoo", "keras", "tensorflow", "torch", "timm"))


if __name__ == "__main__":
    main()
