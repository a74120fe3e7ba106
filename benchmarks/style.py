"""Style transfer: dlzoo against a plain program in PyTorch with the same objective.

    python -m benchmarks.style [--sides 256 512] [--rounds 10] [--steps 500]

VGG-19 with the same random weights, scikit-learn's two sample photographs, dlzoo's default
objective. First one step (objective, gradient, Adam) of each in turns; then a whole picture:
Adam's 500 steps at full size in PyTorch, and the time that `dlzoo.stylize`, as it is by
default, takes to reach the loss where that ended, compilation and coarser scales included.
"""

import argparse
import contextlib
import functools
import time

from benchmarks.bars import Part, Row, measured_program
from benchmarks.side_by_side import Contestant, Failed, alone, measure, ratio, table

TITLE = "Style transfer, VGG-19, CPU"
PACKAGES = ("tensorflow", "torch")
PEER = "PyTorch, channels-last"
BARS = {512: (1.2, 2.0)}  # DESIGN section 9: one step, a whole picture

STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 1))  # VGG-19 up to conv5_1
MEANS = (123.68, 116.779, 103.939)
CONTENT, STYLES = "stage4_conv2", tuple(f"stage{stage}_conv1" for stage in range(1, 6))
CONTENT_WEIGHT, STYLE_WEIGHT, VARIATION = 1.0, 20.0, 20.0
LEARNING_RATE = 10.0  # grey levels; with 5 the plain program ends higher
CLOSE = 1e-3  # relative difference of the losses of one picture


class Reached(Exception):
    """The loss is as low as it should be."""


def kernels():
    """Name of each convolution to its kernel, He-scaled, channels-last, for BGR images."""
    import numpy as np

    rng, channels = np.random.default_rng(0), 3
    for stage, (width, depth) in enumerate(STAGES, 1):
        for number in range(1, depth + 1):
            shape = (3, 3, channels, width)
            values = rng.normal(0, (2 / (9 * channels)) ** 0.5, shape).astype("float32")
            yield f"stage{stage}_conv{number}", values
            channels = width


def photographs(side):
    """Content and style, `(1, height, width, 3)`, with a longer side of `side` pixels."""
    from sklearn.datasets import load_sample_image

    from dlzoo.style.pictures import fitted, resized

    both = (load_sample_image(f"{name}.jpg")[None] for name in ("china", "flower"))
    return [resized(photo.astype("float32"), fitted(photo.shape, side)) for photo in both]


class Plain:
    """The program in PyTorch: NCHW tensors in channels-last memory, autograd, Adam."""

    def __init__(self, side):
        import torch

        self.torch = torch
        self.layers = [
            (name, self.tensor(kernel.transpose(3, 2, 0, 1))) for name, kernel in kernels()
        ]
        self.means = torch.tensor(MEANS).view(1, 3, 1, 1)
        content, style = (self.tensor(p.transpose(0, 3, 1, 2)) for p in photographs(side))
        with torch.no_grad():
            self.content = self.features(content)[CONTENT]
            painted = self.features(style)
            self.grams = {name: self.gram(painted[name]) for name in STYLES}
        self.picture = content.clone(memory_format=torch.preserve_format).requires_grad_()
        self.adam = torch.optim.Adam([self.picture], lr=LEARNING_RATE)

    def tensor(self, array):
        tensor = self.torch.tensor(array)
        return tensor.contiguous(memory_format=self.torch.channels_last)

    def features(self, picture):
        x, found = (picture - self.means).flip(1), {}
        for name, kernel in self.layers:
            if name.endswith("conv1") and name != "stage1_conv1":
                x = self.torch.nn.functional.max_pool2d(x, 2)
            x = found[name] = self.torch.relu(self.torch.conv2d(x, kernel, padding=1))
        return found

    def gram(self, x):
        flat = x.flatten(2)[0]
        return flat @ flat.T / flat.shape[1]

    def loss(self):
        found = self.features(self.picture)
        content = (found[CONTENT] - self.content).square().mean() / self.content.square().mean()
        style = 0.0
        for name, gram in self.grams.items():
            style += (self.gram(found[name]) - gram).square().mean() / gram.square().mean()
        x = self.torch.nn.functional.pad(self.picture / 255, (0, 1, 0, 1), mode="replicate")
        here = x[:, :, :-1, :-1]
        down, right = x[:, :, 1:, :-1] - here, x[:, :, :-1, 1:] - here
        variation = (down.square() + right.square()).sum() / self.picture.numel()
        return (
            CONTENT_WEIGHT * content
            + STYLE_WEIGHT * style / len(STYLES)
            + VARIATION * variation
        )

    def step(self):
        self.adam.zero_grad()
        loss = self.loss()
        loss.backward()
        self.adam.step()
        with self.torch.no_grad():
            self.picture.clamp_(0, 255)
        return loss.item()


def plain_step(side):
    return Plain(side).step


def plain_picture(side, steps):
    start = time.perf_counter()
    plain = Plain(side)
    losses = [plain.step() for _ in range(steps)]
    last = plain.loss().item()
    return {"first": losses[0], "last": last, "seconds": time.perf_counter() - start}


def network():
    import numpy as np

    import dlzoo

    body = dlzoo.models.vgg19(
        classes=0, input_shape=(None, None, 3), origin="keras", include_preprocessing=True
    )
    for name, kernel in kernels():
        body.get_layer(name).set_weights([kernel, np.zeros(kernel.shape[-1])])
    return body


WEIGHTS = {
    "content_weight": CONTENT_WEIGHT,
    "style_weight": STYLE_WEIGHT,
    "total_variation": VARIATION,
}


def dlzoo_step(side):
    from dlzoo.style import Objective, Terms, feature_network
    from dlzoo.style.optimisers import Adam
    from dlzoo.style.slopes import value_and_slope

    terms = Terms({CONTENT: 1.0}, dict.fromkeys(STYLES, 1 / len(STYLES)), **WEIGHTS)
    cut = feature_network(network(), layers=terms.layers)
    content, style = photographs(side)
    slope = value_and_slope(Objective(cut, terms, content, [style]), cut.variables)
    adam, state = Adam(LEARNING_RATE), [(content, ())]

    def step():
        state[0] = adam.run(slope, *state[0], 1, lambda *_: None)

    return step


def dlzoo_picture(side, goal):
    """Seconds until the loss at full size is `goal`; and what it was at the very end."""
    import dlzoo

    start, seen = time.perf_counter(), []
    content, style = (p[0].round().astype("uint8") for p in photographs(side))

    def watch(step):
        if max(step.picture.shape) == side:
            seen.append(step.loss)
            if step.loss <= goal:
                raise Reached

    with contextlib.suppress(Reached):
        dlzoo.stylize(
            content,
            style,
            network=network(),
            size=side,
            callback=watch,
            every=1,
            **WEIGHTS,
        )
    seconds = time.perf_counter() - start
    return {"first": seen[0], "last": seen[-1], "steps": len(seen), "seconds": seconds}


def first_loss(side):
    """dlzoo's loss of the content itself."""
    from dlzoo.style import Objective, Terms, feature_network

    terms = Terms({CONTENT: 1.0}, dict.fromkeys(STYLES, 1 / len(STYLES)), **WEIGHTS)
    content, style = photographs(side)
    cut = feature_network(network(), layers=terms.layers)
    return float(Objective(cut, terms, content, [style])(content)[0])


def one_step(side, rounds):
    """Objective, gradient and Adam of each in turns."""
    contestants = [
        Contestant(PEER, plain_step, {"side": side}),
        Contestant("dlzoo", dlzoo_step, {"side": side}, {"KERAS_BACKEND": "tensorflow"}),
    ]
    seconds = measure(contestants, rounds=rounds)
    return table(f"One step, {side} px", seconds, PEER), [ratio(seconds, PEER, "dlzoo")]


def whole_picture(side, steps):
    """As good a picture as `steps` steps of Adam in PyTorch give."""
    plain = alone(plain_picture, side, steps)
    ours = alone(first_loss, side)
    if abs(ours - plain["first"]) > CLOSE * plain["first"]:
        raise Failed(f"the objectives differ: {ours} and {plain['first']}")
    found = alone(dlzoo_picture, side, plain["last"])
    if found["last"] > plain["last"]:
        raise Failed(f"dlzoo has not reached {plain['last']}: {found}")
    faster = plain["seconds"] / found["seconds"]
    return (
        f"### A whole picture: as good as Adam's {steps} steps\n\n"
        "| px | loss | PyTorch, s | dlzoo, s | times as fast |\n"
        "| ---: | ---: | ---: | ---: | ---: |\n"
        f"| {side} | {plain['last']:.4f} | {plain['seconds']:.0f} | {found['seconds']:.0f} "
        f"({found['steps']} steps at full size) | {faster:.2f} |\n"
    ), [faster]


def parts(sides=(256, 512), rounds=10, steps=500):
    for side in sides:
        step, picture = BARS.get(side, (None, None))
        yield Part(
            f"a step of style transfer at {side} px",
            (Row(f"style transfer, {side} px, one step", PEER, step),),
            functools.partial(one_step, side, rounds),
        )
        if steps:
            yield Part(
                f"a whole picture at {side} px",
                (Row(f"the same, whole picture as good as {steps} steps", PEER, picture),),
                functools.partial(whole_picture, side, steps),
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=500, help="of Adam, 0: steps only")
    parser.add_argument("--sides", nargs="+", type=int, default=(256, 512))
    arguments = parser.parse_args()
    measured_program("style", TITLE, parts(**vars(arguments)), PACKAGES)


if __name__ == "__main__":
    main()
