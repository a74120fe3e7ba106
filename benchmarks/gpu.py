"""On a GPU: training images a second, and seconds for a picture in another's style.

    python -m benchmarks.gpu [--batch 128] [--models resnet50 mobilenet_v2]
        [--backends jax torch] [--rounds 10]
    python -m benchmarks.gpu --device cpu --tiny   # all of it, at a size for a CPU

bfloat16 with float32 weights, 224 x 224, SGD with momentum, cross entropy, images that are
on the device already, the loss fetched after each step. The peer is torchvision's network
(timm's where torchvision is not installed), eager and compiled, in channels-last memory.
The numbers are absolute: they hold for the machine that is named under the tables.
"""

import argparse
import contextlib
import importlib.util
import shutil
import statistics
import subprocess
from dataclasses import dataclass

from benchmarks.peers import PAPER, TIMM, USUAL, lenient_torchvision
from benchmarks.side_by_side import Contestant, machine, measure, publish

BACKENDS = {"jax": "JAX", "torch": "PyTorch", "tensorflow": "TensorFlow"}
PACKAGES = ("dlzoo", "keras", "jax", "torch", "torchvision", "tensorflow")


@dataclass(frozen=True)
class Size:
    """How large everything is."""

    batch: int
    side: int = 224
    classes: int = 1000
    picture: int = 512
    steps: int | None = None  # of style transfer; None: its own
    turn: float = 1.0  # seconds


def data(size):
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.normal(size=(size.batch, size.side, size.side, 3)).astype("float32")
    return images, rng.integers(0, size.classes, size.batch).astype("int32")


def keras_training(name, size, compiled):
    """dlzoo's network and Keras' own training step."""
    import keras

    import dlzoo

    keras.config.set_dtype_policy("mixed_bfloat16")
    model = dlzoo.create_model(
        name,
        input_shape=(size.side, size.side, 3),
        classes=size.classes,
        origin="torch",
        classifier_activation=None,
    )
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=compiled,
    )
    images, labels = map(keras.ops.convert_to_tensor, data(size))
    return lambda: model.train_on_batch(images, labels)


def torch_training(name, size, device, compiled):
    """The usual loop of PyTorch with automatic mixed precision."""
    import torch

    model = torch_network(name, size.classes).train()
    model = model.to(device, memory_format=torch.channels_last)
    network = torch.compile(model) if compiled else model
    images, labels = (torch.tensor(array).to(device) for array in data(size))
    images = images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    labels = labels.long()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16):
            answers = network(images)
        loss = torch.nn.functional.cross_entropy(answers.float(), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_network(name, classes):
    if importlib.util.find_spec("torchvision"):
        with lenient_torchvision():
            import torchvision

            return getattr(torchvision.models, name)(num_classes=classes)
    import timm

    return timm.create_model(TIMM.get(name, name), num_classes=classes)


def picture(size):
    """Style transfer on VGG-19 with random weights: the work is that of trained ones."""
    import dlzoo
    from benchmarks.style import WEIGHTS, network, photographs

    content, style = (p[0].round().astype("uint8") for p in photographs(size.picture))
    options = {"size": size.picture, "steps": size.steps, "mixed_bfloat16": True} | WEIGHTS
    body = network()
    return lambda: dlzoo.stylize(content, style, network=body, **options)


def environment(backend, device):
    """Without the memory that frameworks take in advance: contestants share the device."""
    chosen = {"KERAS_BACKEND": backend, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    chosen |= {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    if device == "cpu":
        chosen |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
        chosen |= {"KERAS_TORCH_DEVICE": "cpu"}
    return chosen


def contestants(name, size, device, backends, compilers):
    """Who trains the network, as far as it is installed."""
    for backend in backends:
        for compiled in compilers if backend != "jax" else (True,):  # which compiles always
            word = ", compiled" if backend != "jax" and compiled else ""
            options = {"name": name, "size": size, "compiled": compiled}
            what = f"dlzoo, {BACKENDS[backend]}{word}"
            yield Contestant(what, keras_training, options, environment(backend, device))
    if importlib.util.find_spec("torch"):
        for compiled in compilers:
            options = {"name": name, "size": size, "device": device, "compiled": compiled}
            what = "PyTorch compiled" if compiled else "PyTorch eager"
            yield Contestant(what, torch_training, options, environment("torch", device))


def training_table(name, size, rounds, who):
    absent = {}
    seconds = measure(who, rounds=rounds, turn=size.turn, absent=absent)
    title = f"Training {PAPER.get(name, name)}, batch {size.batch}, {size.side} px"
    rows = [
        f"| {each} | {size.batch / median:,.0f} | {1000 * median:.1f} |\n"
        for each, median in medians(seconds)
    ]
    head = "| contestant | images a second | median step, ms |\n| --- | ---: | ---: |\n"
    return f"### {title}\n\n{head}{''.join(rows)}{missing(absent)}"


def style_table(size, device, backends, rounds):
    options, absent = {"size": size}, {}
    who = [
        Contestant(f"dlzoo, {BACKENDS[each]}", picture, options, environment(each, device))
        for each in backends
    ]
    seconds = measure(who, rounds=rounds, warmup=1, absent=absent)
    title = f"Style transfer, VGG-19, {size.picture} px, after a first picture"
    rows = [f"| {each} | {median:.1f} |\n" for each, median in medians(seconds)]
    head = "| contestant | seconds a picture |\n| --- | ---: |\n"
    return f"### {title}\n\n{head}{''.join(rows)}{missing(absent)}"


def medians(seconds):
    return [(each, statistics.median(values)) for each, values in seconds.items()]


def missing(absent):
    return "".join(f"\nNot measured: {who}: {why}\n" for who, why in absent.items()) + "\n"


def accelerator(device):
    """Name, memory and driver of the GPU."""
    if device == "cpu":
        return "no GPU used"
    command = [
        "nvidia-smi",
        "--query-gpu=name,memory.total,driver_version",
        "--format=csv,noheader",
    ]
    with contextlib.suppress(subprocess.CalledProcessError):
        return subprocess.check_output(command, text=True).strip().replace("\n", "; ")
    return "a GPU that nvidia-smi does not name"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--models", nargs="*", default=USUAL)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=("jax", "torch"))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--eager", action="store_true", help="leave torch.compile and XLA out")
    parser.add_argument("--tiny", action="store_true", help="to see that all of it runs")
    chosen = parser.parse_args(arguments)
    if chosen.device == "cuda" and not shutil.which("nvidia-smi"):
        parser.error("there is no GPU; --device cpu --tiny tries the program out")
    size, rounds = Size(chosen.batch), chosen.rounds
    if chosen.tiny:
        size, rounds = Size(2, side=32, classes=10, picture=64, steps=2, turn=0.01), 1
    compilers = (False,) if chosen.eager else (False, True)
    text = "# GPU, bfloat16\n\n"
    for name in chosen.models:
        who = contestants(name, size, chosen.device, chosen.backends, compilers)
        text += training_table(name, size, rounds, who)
    text += style_table(size, chosen.device, chosen.backends, min(rounds, 3))
    text += f"{accelerator(chosen.device)}; {machine(*PACKAGES)}"
    if chosen.tiny:
        print(text)
    else:
        publish("gpu", text)


if __name__ == "__main__":
    main()
