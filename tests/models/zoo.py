"""One table of all builders; every test of networks runs on every row.

A new network is a new row: its published number of trainable parameters, the smallest side
it takes and the shape of its body's output there come from outside our code.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest

import dlzoo
from tests.references.draw import draw

# A bias that batch normalisation follows is subtracted again with the mean of the batch.
BIAS_BEFORE_NORM = r"/conv/bias$"
NOTHING = r"(?!)"


@dataclass(frozen=True)
class Row:
    """A network of one origin.

    Attributes:
        parameters: Published number of trainable parameters at 1000 classes.
        smallest: Smallest side of its input, in pixels.
        body: Output shape of the body for an image of that side.
        gain: As in `tests.references.draw`.
        no_gradient: Pattern of the weights whose gradient is zero by mathematics.
        first: Of its family; runs on every backend.
        fixed_head: The head takes only images of one size; the body takes any.
        heavy: So large that only `slow` tests train or save it.
        huge: So large that all its tests are `slow`, and the costly ones left out unless it
            is `heavy`, too.
    """

    name: str
    origin: str
    parameters: int
    smallest: int
    body: tuple[int, int, int]
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    gain: float = 1.0
    no_gradient: str = NOTHING
    first: bool = False
    fixed_head: bool = False
    heavy: bool = False
    huge: bool = False

    @property
    def id(self):
        options = "".join(
            f"-{key}" if value is True else f"-{key}{value}"
            for key, value in self.options.items()
            if value is not False
        )
        return f"{self.name}-{self.origin}{options}"

    @property
    def size(self):
        """A side at which batch normalisation has several pixels everywhere."""
        return 2 * self.smallest

    def build(self, **arguments):
        """The network for 10 classes at `size`, unless `arguments` say otherwise."""
        side = self.size
        arguments = {"classes": 10, "input_shape": (side, side, 3)} | arguments
        return dlzoo.create_model(self.name, origin=self.origin, **self.options, **arguments)


def resnet(depth, origin, parameters, channels=2048, **facts):
    """A row of the residual networks."""
    silent = BIAS_BEFORE_NORM if origin == "keras" else NOTHING
    gain = {18: 1.0, 34: 0.7, 50: 0.7}.get(depth, 0.5)
    return Row(
        f"resnet{depth}",
        origin,
        parameters,
        smallest=32,
        body=(1, 1, channels),
        gain=gain,
        no_gradient=silent,
        huge=depth > 50,
        **facts,
    )


def mobilenet(origin, alpha, parameters, channels=1024, **facts):
    """A row of the first MobileNet."""
    return Row(
        "mobilenet",
        origin,
        parameters,
        smallest=32,
        body=(1, 1, channels),
        options={"alpha": alpha},
        **facts,
    )


def mobilenet_v2(origin, alpha, parameters, channels=1280, **facts):
    """A row of MobileNetV2."""
    return Row(
        "mobilenet_v2",
        origin,
        parameters,
        smallest=32,
        body=(1, 1, channels),
        options={"alpha": alpha},
        **facts,
    )


def vgg(depth, origin, parameters, batch_norm=False, **facts):
    """A row of VGG."""
    return Row(
        f"vgg{depth}",
        origin,
        parameters,
        smallest=32,
        body=(1, 1, 512),
        options={"batch_norm": batch_norm},
        no_gradient=BIAS_BEFORE_NORM if batch_norm else NOTHING,
        fixed_head=origin == "keras",
        heavy=(depth, origin) == (16, "keras"),
        huge=True,
        **facts,
    )


def vgg_small(parameters, batch_norm, **facts):
    """A row of the VGG that ships with dlzoo; its parameters are counted by hand."""
    return Row(
        "vgg_small",
        "dlzoo",
        parameters,
        smallest=32,
        body=(1, 1, 256),
        options={"batch_norm": batch_norm},
        **facts,
    )


def alexnet(origin, parameters, **facts):
    """A row of AlexNet."""
    return Row(
        "alexnet",
        origin,
        parameters,
        smallest=64,
        body=(1, 1, 256),
        fixed_head=origin == "paper",
        heavy=True,
        **facts,
    )


def efficientnet(phi, origin, parameters, channels, **facts):
    """A row of EfficientNet."""
    return Row(
        f"efficientnet_b{phi}",
        origin,
        parameters,
        smallest=32,
        body=(1, 1, channels),
        **facts,
    )


def googlenet(origin, parameters, **facts):
    """A row of GoogLeNet, without auxiliary heads."""
    return Row(
        "googlenet",
        origin,
        parameters,
        smallest=32,
        body=(1, 1, 1024),
        options={"auxiliary": False},
        **facts,
    )


def lenet5(origin, parameters, body, **facts):
    """A row of LeNet-5, here on colour images."""
    return Row(
        "lenet5",
        origin,
        parameters,
        smallest=32,
        body=body,
        fixed_head=True,
        **facts,
    )


# B0 made wider and deeper: counted, and in the goldens for every origin; no more.
SCALED = (
    efficientnet(1, "torch", 7_794_184, 1280, huge=True),
    efficientnet(2, "torch", 9_109_994, 1408, huge=True),
    efficientnet(3, "torch", 12_233_232, 1536, huge=True),
    efficientnet(4, "torch", 19_341_616, 1792, huge=True),
    efficientnet(5, "torch", 30_389_784, 2048, huge=True),
    efficientnet(6, "torch", 43_040_704, 2304, huge=True),
    efficientnet(7, "torch", 66_347_960, 2560, huge=True),
)

# Counts: keras.applications 3.15.1 (trainable ones), torchvision 0.28, timm 1.0.31.
ZOO = (
    resnet(18, "torch", 11_689_512, 512, first=True),
    resnet(34, "torch", 21_797_672, 512),
    resnet(50, "keras", 25_583_592),
    resnet(50, "torch", 25_557_032),
    resnet(101, "keras", 44_601_832),
    resnet(101, "torch", 44_549_160),
    resnet(152, "keras", 60_268_520),
    resnet(152, "torch", 60_192_808),
    mobilenet("keras", 1.0, 4_231_976, first=True),
    mobilenet("keras", 0.25, 470_072, 256),
    mobilenet("torch", 0.35, 763_752, 360),  # timm's generator; other channels than Keras
    mobilenet_v2("keras", 1.0, 3_504_872, first=True),
    mobilenet_v2("keras", 0.35, 1_677_128),
    mobilenet_v2("keras", 0.75, 2_636_424),
    mobilenet_v2("keras", 1.4, 6_108_776, 1792),
    mobilenet_v2("torch", 1.0, 3_504_872),
    mobilenet_v2("torch", 0.5, 1_968_680),
    alexnet("torch", 61_100_840),
    alexnet("paper", 60_965_224),
    # On the other backends by its golden alone: JAX compiles each of its shapes.
    googlenet("torch", 6_624_904),
    googlenet("paper", 6_998_552),
    lenet5("course", 61_706, (5, 5, 16), first=True),
    lenet5("paper", 60_000, (1, 1, 120)),
    vgg(16, "keras", 138_357_544),
    vgg(16, "torch", 138_357_544),
    vgg(16, "torch", 138_365_992, True),
    vgg(19, "keras", 143_667_240),
    vgg(19, "torch", 143_667_240),
    vgg(19, "torch", 143_678_248, True),
    vgg_small(2_256_424, False),
    vgg_small(2_257_960, True),
    # On the other backends by its golden alone, as GoogLeNet.
    efficientnet(0, "keras", 5_288_548, 1280),
    efficientnet(0, "torch", 5_288_548, 1280, huge=True),
    efficientnet(0, "tf", 5_288_548, 1280, huge=True),
    *SCALED,
)


def _each(rows, heavy=()):
    """Parametrise a test by rows, with marks for the heavy ones."""
    params = []
    for row in rows:
        if heavy and row.huge and not row.heavy:
            continue
        marks = [*(heavy if row.heavy else ())]
        marks += [pytest.mark.slow] if row.huge else []
        params.append(pytest.param(row, id=row.id, marks=marks))
    return pytest.mark.parametrize("row", params)


each_row = _each(ZOO)
each_row_costly = _each(ZOO, heavy=[pytest.mark.slow])
each_first_row = _each([row for row in ZOO if row.first])


def images(*shape, seed=0):
    """Noise of unit variance as a tensor."""
    values = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return keras.ops.convert_to_tensor(values)


def outputs(model, x):
    """What `model` says to `x` at test time, compiled as a whole where that saves minutes."""
    if keras.backend.backend() != "jax":  # which else compiles each operation and shape
        return model(x, training=False)
    import jax

    def call(trainable, rest, x):
        return model.stateless_call(trainable, rest, x, training=False)[0]

    states = (model.trainable_variables, model.non_trainable_variables)
    return jax.jit(call)(*([v.value for v in state] for state in states), x)


def compiled(function):
    """`function` of tensors, compiled as a whole on JAX, as `outputs`."""
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def answer(model, x, **flags):
    """What `model` says to `x`, as NumPy."""
    if not flags:
        return keras.ops.convert_to_numpy(outputs(model, x))
    return keras.ops.convert_to_numpy(model(x, **{"training": False} | flags))


def fill(model, gain=1.0):
    """Weights that are not degenerate, other than the builder's; returns `model`."""
    for variable in dlzoo.models.loading.variables(model).values():
        variable.assign(draw(variable.path, tuple(variable.shape), gain))
    return model


def count(model):
    """Number of trainable parameters."""
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def built(row):
    """The network of `row` with random weights, giving logits; made once, not to be changed."""
    return _last_built(row) if row.huge else _built(row)


def _build(row):
    keras.utils.set_random_seed(0)  # of dropout: the same units are silent in every run
    return fill(row.build(classifier_activation=None), row.gain)


_built = functools.cache(_build)
_last_built = functools.lru_cache(maxsize=1)(_build)  # half a gigabyte each
