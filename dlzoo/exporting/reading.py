"""How an image becomes what a network takes; kept beside an exported network.

Needs no Keras, so that an artefact can be used without it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._checks import check_choice
from dlzoo.data.fitting import fit_image, fit_scale
from dlzoo.data.images import open_image, read_image

WAYS = ("crop", "fit", "stretch", "own")


@dataclass(frozen=True)
class Reading:
    """From an image of any size to the pixels that a network was trained to see.

    Attributes:
        way: `"crop"`: the aspect is kept, what is too much is cut off (`read_image`); `"fit"`:
            the whole image, the rest grey (`fit_image`); `"stretch"`: of any aspect; `"own"`:
            as large as the image is.
        size: Height and width; None for `"own"`, and for `"fit"` to the image's own size.
        crop_fraction, interpolation: As in `read_image`, for `"crop"`.
        multiple: Of images in their own size: sides become multiples of it, for `"own"` by
            mirrored borders.

    Example:
        >>> image = np.zeros((40, 80, 3), "uint8")
        >>> Reading("crop", (32, 32))(image).shape, Reading("own", multiple=32)(image).shape
        ((32, 32, 3), (64, 96, 3))
        >>> Reading("fit", multiple=32)(image).shape
        (64, 96, 3)
    """

    way: str
    size: tuple[int, int] | None = None
    crop_fraction: float = 1.0
    interpolation: str = "bilinear"
    multiple: int = 1

    def __post_init__(self):
        check_choice("Reading", "way", self.way, WAYS)

    def __call__(self, source: Any) -> np.ndarray:
        """`uint8 (height, width, 3)`; raises `DataError` as `read_image` does."""
        if self.way == "own":
            return _filled(read_image(source), self.multiple)
        size = self.size or (0, 0)
        if self.way == "fit":
            image = open_image(source)
            return fit_image(image, self._fitted((image.height, image.width)))
        if self.way == "stretch":
            image = open_image(source)
            return np.array(image.resize(size[::-1], Image.Resampling.BILINEAR))
        return read_image(
            source, size, crop_fraction=self.crop_fraction, interpolation=self.interpolation
        )

    def scale(self, size: tuple[int, int]) -> tuple[float, float]:
        """By what `x` and `y` on an image of `size` (height, width) are multiplied.

        Example:
            >>> Reading("fit", (320, 320)).scale((480, 640))
            (0.5, 0.5)
        """
        if self.way == "fit":
            return fit_scale(size, self._fitted(size))
        if self.way == "stretch" and self.size:
            return self.size[1] / size[1], self.size[0] / size[0]
        return 1.0, 1.0

    def _fitted(self, size):
        return self.size or tuple(-(-side // self.multiple) * self.multiple for side in size)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `Reading(**values)` is the way back."""
        return asdict(self)


def _filled(pixels, multiple):
    """Mirrored borders at the bottom and to the right, up to multiples."""
    missing = [-side % multiple for side in pixels.shape[:2]]
    if not any(missing):
        return pixels
    return np.pad(pixels, [(0, missing[0]), (0, missing[1]), (0, 0)], "symmetric")
