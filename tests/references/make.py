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
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import torch

from tests.references.draw import draw, image, sample
from tests.references.peers import rows
from tests.references.peers.golden import import_torchvision

FOLDER = Path(__file__).parent / "goldens"
SIZES = ((64, 64), (75, 65))  # height, width


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


def channels_last(value):
    """A tensor of PyTorch as NumPy, in our order of axes."""
    return (value.permute(0, 2, 3, 1) if value.ndim == 4 else value).numpy()


def torch_outputs(row, sizes=SIZES):
    """State and outputs of a network of PyTorch, channels last."""
    model = row.build().eval()
    state = {
        name: tuple(value.shape)
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    drawn = {name: torch.tensor(draw(name, shape, row.gain)) for name, shape in state.items()}
    model.load_state_dict(drawn, strict=False)
    outputs = {}
    for size in sizes:
        found = {}
        hooks = [
            model.get_submodule(theirs).register_forward_hook(
                lambda _module, _inputs, value, ours=ours, found=found: found.update(
                    {ours: channels_last(value)}
                )
            )
            for ours, theirs in row.taps.items()
        ]
        with torch.no_grad():
            pixels = torch.tensor(image((2, *size, 3), seed=size[0])).permute(0, 3, 1, 2)
            found["head"] = channels_last(model(pixels))
        for hook in hooks:
            hook.remove()
        outputs[size] = found
    return state, outputs


def write(row, version):
    """Run the peer and write `goldens/<name>.npz`."""
    run = keras_outputs if row.peer == "keras" else torch_outputs
    keep(row, version, *run(row), FOLDER)


def keep(row, version, state, outputs, folder):
    """Write what a peer answered."""
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
        "sizes": list(outputs),
        "state": state,
    }
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), "uint8")
    folder.mkdir(exist_ok=True)
    path = folder / f"{row.name}.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {len(state)} tensors")


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
