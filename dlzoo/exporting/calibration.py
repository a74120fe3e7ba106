"""The images from which an int8 network takes the range of every activation."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._progress import track
from dlzoo.data.channels import in_channels
from dlzoo.data.sources import image_sources
from dlzoo.errors import DataError
from dlzoo.exporting.description import Description

INT8 = "int8"
LEAST, MOST, _SOME = 10, 300, 16


@dataclass(frozen=True)
class Calibration:
    """Images that are like those to come; their labels are not needed.

    Attributes:
        sources: Paths and arrays, at most `MOST`.
        digest: Hash of what they contain.
    """

    sources: tuple[Any, ...]
    digest: str

    def pixels(self, description: Description) -> np.ndarray:
        """Float32 `(n, height, width, channels)` as the network takes them.

        Raises:
            DataError: One cannot be read.
        """
        read = [
            description.reading(source)
            for source in track(self.sources, "Reading calibration images")
        ]
        return in_channels(np.stack(read).astype(np.float32), description.input_shape[-1])

    def some(self) -> list[Any]:
        """A few of the sources, from all over them."""
        return list(_spread(self.sources, _SOME))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"calibrated_on": len(self.sources), "digest": self.digest}


def open_calibration(who: str, description: Description, images: Any) -> Calibration | None:
    """What `calibration=` names; None if the network is not to be int8.

    Args:
        who: For the error.
        description: Of what is to be made.
        images: Paths, a folder, a pattern, arrays; of more than `MOST` every second or third
            is taken.

    Raises:
        ValueError: They are missing or not wanted, or the network takes images of any size.
            `DataError`: there are too few of them.

    Example:
        >>> from dlzoo.exporting.reading import Reading
        >>> of = Description("n", "onnx", "int8", "style", (8, 8, 3), None, Reading("own"))
        >>> len(open_calibration("example", of, np.zeros((12, 8, 8, 3), "uint8")).sources)
        12
    """
    if description.precision != INT8:
        if images is not None:
            raise ValueError(
                f"{who}: calibration must be None for {description.precision}, because only "
                f"int8 has ranges to find; got images. Pass precision='int8', or none."
            )
        return None
    if images is None:
        raise ValueError(
            f"{who}: calibration must be images for int8, because the range of every "
            f"activation is taken from them; got None. Pass a folder of {MOST // 3} to {MOST} "
            f"images like those to come, without labels."
        )
    if None in description.input_shape:
        raise ValueError(
            f"{who}: the network must have fixed sides for int8, because ranges are found on "
            f"images of one size; {description.name} takes {description.input_shape}. Build "
            f"it with input_shape=(height, width, 3)."
        )
    _, sources = image_sources(who, images)
    if len(sources) < LEAST:
        raise DataError(
            f"{who}: calibration must be at least {LEAST} images, because what fewer contain "
            f"is no range of what will come; got {len(sources)}. {MOST // 3} to {MOST} are "
            f"enough, and need no labels."
        )
    chosen = _spread(sources, MOST)
    return Calibration(chosen, _digest(chosen))


def _spread(sources, most):
    places = np.linspace(0, len(sources) - 1, min(len(sources), most)).round().astype(int)
    return tuple(sources[place] for place in places)


def _digest(sources):
    found = hashlib.sha256()
    for source in sources:
        try:
            content = source.read_bytes() if isinstance(source, Path) else _bytes(source)
        except OSError as error:
            raise DataError(f"{source}: the image cannot be read ({error}).") from error
        found.update(hashlib.sha256(content).digest())
    return found.hexdigest()


def _bytes(source):
    array = np.ascontiguousarray(source)
    return repr((array.shape, array.dtype.str)).encode() + array.tobytes()
