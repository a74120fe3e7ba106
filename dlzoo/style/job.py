"""What is to be painted, at which sizes, in whose colours."""

import hashlib
import json
from dataclasses import dataclass

import keras
import numpy as np

from dlzoo.style import colours, memory, pictures
from dlzoo.style.objective import Objective, Terms
from dlzoo.style.settings import Settings
from dlzoo.style.slopes import Slope, value_and_slope


@dataclass(eq=False)
class Job:
    """A style transfer.

    Args:
        network: The features.
        terms: What is wanted.
        settings: How.
        content, styles: As they were read, `(1, height, width, 3)`.
        init: A picture to begin with, or None.

    Raises:
        ValueError: A picture does not fit the network or the memory.
    """

    network: keras.Model
    terms: Terms
    settings: Settings
    content: np.ndarray
    styles: list[np.ndarray]
    init: np.ndarray | None = None

    def __post_init__(self):
        # Longer side and steps of each scale, coarse to fine.
        self.plan = self.settings.plan(self.settings.size or max(self.content.shape[1:3]))
        for role, size in self._sizes(self.plan[-1][0]):
            memory.check(self.network, size, role)
        while not self._fits(self.plan[0][0]):
            del self.plan[0]  # too narrow for the network at the coarsest scale

    @property
    def total(self) -> int:
        """Steps over all scales."""
        return sum(steps for _, steps in self.plan)

    def slope(self, side: int) -> Slope:
        """The objective and its gradient at a scale."""
        content, styles = self.content_at(side), []
        for style, (_, size) in zip(self.styles, self._sizes(side)[1:], strict=True):
            if self.settings.colours == "matched":
                style = colours.matched_colours(style, self.content)
            elif self.settings.colours == "content":
                style = colours.matched_luminance(style, self.content)
            styles.append(pictures.resized(style, size))
        objective = Objective(self.network, self.terms, content, styles)
        return value_and_slope(objective, self.network.variables)

    def content_at(self, side: int) -> np.ndarray:
        """The content as the network sees it at a scale."""
        content = pictures.resized(self.content, pictures.fitted(self.content.shape, side))
        return colours.luminance(content) if self.settings.colours == "content" else content

    def start(self, side: int) -> np.ndarray:
        """The picture that the optimisation begins with."""
        init = self.settings.init if self.init is None else self.init
        content = self.content_at(side)
        return pictures.start(init, content, self.settings.noise, self.settings.seed)

    def shown(self, picture: np.ndarray) -> np.ndarray:
        """What the user gets to see of a picture of any scale: `uint8`, colours kept."""
        if self.settings.colours == "content":
            content = pictures.resized(self.content, picture.shape[1:3])
            picture = colours.with_colours_of(content, picture)
        return pictures.rounded(picture)

    def identity(self) -> str:
        """A text that differs where anything differs that the result depends on."""
        digest = hashlib.sha256()
        arrays = [self.content, *self.styles, *([] if self.init is None else [self.init])]
        for array in arrays + [v.numpy() for v in self.network.variables]:
            digest.update(array.tobytes())
        facts = {
            "pictures and weights": digest.hexdigest(),
            "settings": self.settings.to_dict(),
            "plan": self.plan,
            "layers": [self.terms.content, self.terms.style],
            "network": self.network.name,
            "backend": keras.backend.backend(),
        }
        return json.dumps(facts, sort_keys=True, default=str)

    def _sizes(self, side):
        """Role and size of each picture at a scale, the content's first."""
        style_side = max(1, round(side * self.settings.style_scale))
        styles = enumerate(self.styles, 1)
        return [
            ("the content", pictures.fitted(self.content.shape, side)),
            *((f"style {n}", pictures.fitted(s.shape, style_side)) for n, s in styles),
        ]

    def _fits(self, side):
        try:
            return all(memory.needed(self.network, size) for _, size in self._sizes(side))
        except ValueError:
            return False
