"""What the picture is changed for: J = content + style + total variation.

Source: Gatys et al. 2015, https://arxiv.org/abs/1508.06576, equations 1 to 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import keras
from keras import ops

from dlzoo.layers import GramMatrix
from dlzoo.losses import ContentLoss, StyleLoss, TotalVariation


@dataclass(frozen=True)
class Constants:
    """How a program measures, and the weights that go with its measures.

    Attributes:
        content, style: `origin` of `ContentLoss` and `StyleLoss`.
        content_weight, style_weight, total_variation: Where none are given.
        relative: Divide each layer's loss by that of a feature map that is zero, and the
            variation by the number of values, in units of the whole range. The weights then
            mean the same for every layer, network and size: with a loss of 1 nothing is like
            the target, with 0 everything.
    """

    content: str
    style: str
    content_weight: float
    style_weight: float
    total_variation: float
    relative: bool = False


ORIGINS: Mapping[str, Constants] = {
    "balanced": Constants("torch", "paper", 1.0, 20.0, 20.0, relative=True),
    "paper": Constants("paper", "paper", 1.0, 1e3, 0.0),  # alpha / beta = 1e-3
    "course": Constants("course", "course", 10.0, 40.0, 0.0),  # week 4: alpha, beta
    "torch": Constants("torch", "torch", 5.0, 100.0, 1e-3),  # neural-style's defaults
}


@dataclass(frozen=True)
class Terms:
    """The parts of J and what each counts.

    Attributes:
        content, style: Layer of the network to its share; each sums to 1.
        blend: Share of each style picture; sums to 1.
        content_weight, style_weight, total_variation: Of the sums.
        origin: A key of `ORIGINS`.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    blend: tuple[float, ...] = (1.0,)
    content_weight: float = ORIGINS["balanced"].content_weight
    style_weight: float = ORIGINS["balanced"].style_weight
    total_variation: float = ORIGINS["balanced"].total_variation
    origin: str = "balanced"

    @property
    def layers(self) -> list[str]:
        """All layers that are looked at."""
        return list(dict.fromkeys([*self.content, *self.style]))


@dataclass(eq=False)
class Objective:
    """J of a picture, for one content and some styles.

    Args:
        network: From `(1, height, width, 3)`, RGB of 0 to 255, to the feature maps of
            `terms.layers`; see `dlzoo.style.feature_network`.
        terms: The parts of J.
        content: The content, `(1, height, width, 3)`, of the picture's size.
        styles: The styles, `(1, height, width, 3)` each, of any size.

    Called with a picture: J, and its three weighted parts (content, style, variation), as
    float32 tensors.

    Example:
        >>> import numpy as np
        >>> from dlzoo.style import feature_network
        >>> terms = Terms({"stage1": 1.0}, {"stage1": 0.5, "stage2": 0.5})
        >>> network = feature_network("resnet18", weights=None, layers=terms.layers)
        >>> content = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype("float32")
        >>> j, parts = Objective(network, terms, content, [content])(content)
        >>> bool(j == parts[2])  # content and style are those of the picture itself
        True
    """

    network: keras.Model
    terms: Terms
    content: keras.KerasTensor
    styles: list
    _targets: dict = field(init=False, repr=False)

    def __post_init__(self):
        constants = ORIGINS[self.terms.origin]
        self._content_loss = ContentLoss(constants.content, dtype="float32")
        self._style_loss = StyleLoss(constants.style, dtype="float32")
        self._variation = TotalVariation(dtype="float32")
        self._gram = GramMatrix()
        relative = constants.relative
        shown = self.network(self.content, training=False)
        self._contents = [
            (name, share, *_target(shown[name], self._content_loss, relative))
            for name, share in self.terms.content.items()
        ]
        self._styles = []
        for style, part in zip(self.styles, self.terms.blend, strict=True):
            painted = self.network(style, training=False)
            self._styles += [
                (
                    name,
                    part * share,
                    *_target(self._gram(painted[name]), self._style_loss, relative),
                )
                for name, share in self.terms.style.items()
            ]
        values = self.content.shape[1] * self.content.shape[2] * self.content.shape[3]
        self._variation_unit = values * 255.0**2 if relative else 1.0

    def __call__(self, picture):
        features = self.network(picture, training=False)
        grams = {name: self._gram(features[name]) for name in self.terms.style}
        content = _weighted(self._content_loss, self._contents, features)
        style = _weighted(self._style_loss, self._styles, grams)
        # With the last row and column twice: else nothing would hold the border together.
        padded = ops.pad(picture, [[0, 0], [0, 1], [0, 1], [0, 0]], mode="symmetric")
        rough = ops.sum(self._variation(padded)) / self._variation_unit
        parts = ops.stack(
            [
                self.terms.content_weight * content,
                self.terms.style_weight * style,
                self.terms.total_variation * rough,
            ]
        )
        return ops.sum(parts), parts


def _target(value, loss, relative):
    """What to reach, and the unit in which the distance from it is measured."""
    value = ops.cast(value, "float32")
    unit = float(loss(value, ops.zeros_like(value))) if relative else 1.0
    return value, unit or 1.0


def _weighted(loss, targets, found):
    total = ops.zeros((), "float32")
    for name, share, target, unit in targets:
        total += share / unit * loss(target, found[name])
    return total
