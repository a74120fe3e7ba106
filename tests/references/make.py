"""Write the golden files: what the published programs answer for seeded weights.

    pip install keras==3.15.1 tensorflow torch && pip install --no-deps torchvision==0.28.0 timm==1.0.31
    python -m tests.references.make [NAME ...]

A golden (`goldens/<peer>-<name>.npz`) holds the names and shapes of the reference's
tensors, and for two sizes of image, one even and one odd, its outputs at the end of each
stage (a sample of the numbers) and at the head (logits). It is made by the reference's own
code only; nothing of dlzoo is imported here.
"""  # noqa: E501

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import torch

from tests.references.draw import draw, image, sample

FOLDER = Path(__file__).parent / "goldens"
SIZES = ((64, 64), (75, 65))  # height, width


@dataclass(frozen=True)
class Golden:
    """A row: our builder and its options, the peer's network, where its stages end."""

    model: str
    peer: str
    build: Callable
    taps: dict[str, str]
    gain: float
    options: dict

    @property
    def name(self):
        options = "".join(f"-{key}{value}" for key, value in self.options.items())
        return f"{self.peer}-{self.model}{options}"


def keras_outputs(row):
    """State and outputs of a network of keras.applications."""
    state, outputs = {}, {}
    for size in SIZES:
        model = row.build(input_shape=(*size, 3))
        state = {w.path: tuple(w.shape) for w in model.weights}
        for weight in model.weights:
            weight.assign(draw(weight.path, weight.shape, row.gain))
        taps = {ours: model.get_layer(theirs).output for ours, theirs in row.taps.items()}
        probe = keras.Model(model.inputs, taps | {"head": model.output})
        found = probe(image((2, *size, 3), seed=size[0]), training=False)
        outputs[size] = {name: np.asarray(value) for name, value in found.items()}
    return state, outputs


def torch_outputs(row):
    """State and outputs of a network of torchvision or timm, channels last."""
    model = row.build().eval()
    state = {
        name: tuple(value.shape)
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    drawn = {name: torch.tensor(draw(name, shape, row.gain)) for name, shape in state.items()}
    model.load_state_dict(drawn, strict=False)
    outputs = {}
    for size in SIZES:
        found = {}
        hooks = [
            model.get_submodule(theirs).register_forward_hook(
                lambda _module, _inputs, value, ours=ours, found=found: found.update(
                    {ours: value.permute(0, 2, 3, 1).numpy()}
                )
            )
            for ours, theirs in row.taps.items()
        ]
        with torch.no_grad():
            pixels = torch.tensor(image((2, *size, 3), seed=size[0])).permute(0, 3, 1, 2)
            found["head"] = model(pixels).numpy()
        for hook in hooks:
            hook.remove()
        outputs[size] = found
    return state, outputs


def write(row, version):
    """Run the peer and write `goldens/<name>.npz`."""
    run = keras_outputs if row.peer == "keras" else torch_outputs
    state, outputs = run(row)
    arrays = {}
    for (height, width), found in outputs.items():
        for tap, value in found.items():
            key = f"{height}x{width}/{tap}"
            arrays[key] = sample(value)
            arrays[f"{key}/shape"] = np.array(value.shape)
            arrays[f"{key}/std"] = np.float32(value.std())
            print(f"  {key}: {value.shape}, mean {value.mean():.3g}, std {value.std():.3g}")
    facts = {
        "model": row.model,
        "options": row.options,
        "peer": row.peer,
        "version": version,
        "gain": row.gain,
        "sizes": SIZES,
        "state": state,
    }
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), "uint8")
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{row.name}.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {len(state)} tensors")


def import_torchvision():
    """Import torchvision also where its compiled operators are missing."""
    register = torch.library.register_fake

    def lenient(name, *args, **kwargs):
        if isinstance(name, str) and name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)

    torch.library.register_fake = lenient
    import torchvision

    return torchvision


def rows():
    """Every golden."""
    import_torchvision()
    import timm
    from torchvision import models as tv

    def keras_row(model, build, taps, gain, **options):
        def reference(input_shape):
            return build(
                weights=None, input_shape=input_shape, classifier_activation=None, **options
            )

        return Golden(model, "keras", reference, taps, gain, options)

    apps = keras.applications
    for model, build, depths, gain in (
        ("resnet50", apps.ResNet50, (3, 4, 6, 3), 0.7),
        ("resnet101", apps.ResNet101, (3, 4, 23, 3), 0.5),
        ("resnet152", apps.ResNet152, (3, 8, 36, 3), 0.5),
    ):
        ends = {f"stage{s}": f"conv{s + 1}_block{d}_out" for s, d in enumerate(depths, 1)}
        yield keras_row(model, build, ends, gain)
    mobile = ("expanded_conv_project_BN", "block_2_add", "block_5_add", "block_9_add",
              "block_12_add", "block_15_add", "block_16_project_BN")  # fmt: skip
    ends = {f"stage{s}": name for s, name in enumerate(mobile, 1)} | {"top": "out_relu"}
    for alpha in (0.35, 1.0, 1.4):
        yield keras_row("mobilenet_v2", apps.MobileNetV2, ends, 1.0, alpha=alpha)

    ends = {f"stage{s}": f"layer{s}" for s in range(1, 5)}
    for model, gain in (
        ("resnet18", 1.0),
        ("resnet34", 0.7),
        ("resnet50", 0.7),
        ("resnet101", 0.5),
        ("resnet152", 0.5),
    ):
        yield Golden(model, "torchvision", getattr(tv, model), ends, gain, {})
    yield Golden("resnet50", "timm", lambda: timm.create_model("resnet50"), ends, 0.7, {})

    places = enumerate((1, 3, 6, 10, 13, 16, 17), 1)
    ends = {f"stage{s}": f"features.{place}" for s, place in places} | {"top": "features.18"}
    for alpha in (0.5, 1.0):
        yield Golden(
            "mobilenet_v2",
            "torchvision",
            lambda alpha=alpha: tv.mobilenet_v2(width_mult=alpha),
            ends,
            1.0,
            {"alpha": alpha},
        )
    ends = {f"stage{s}": f"blocks.{s - 1}" for s in range(1, 8)} | {"top": "bn2"}
    for alpha in (0.5, 1.0, 1.4):
        yield Golden(
            "mobilenet_v2",
            "timm",
            lambda alpha=alpha: timm.create_model(f"mobilenetv2_{100 * alpha:03.0f}"),
            ends,
            1.0,
            {"alpha": alpha},
        )


def main(wanted):
    torchvision = import_torchvision()
    import timm

    versions = {
        "keras": keras.__version__,
        "torchvision": torchvision.__version__,
        "timm": timm.__version__,
    }
    for row in rows():
        if not wanted or row.name in wanted:
            write(row, versions[row.peer])


if __name__ == "__main__":
    main(sys.argv[1:])
