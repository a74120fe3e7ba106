"""Grey or RGB, as a network takes it."""

import numpy as np

_GREY = np.array([0.299, 0.587, 0.114], "float32")  # ITU-R BT.601, as Pillow has it


def in_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """`(..., 1, 3 or 4)`, 0 to 255, as grey or RGB, whichever the network takes.

    Example:
        >>> in_channels(np.zeros((4, 4, 3), "uint8"), 1).shape
        (4, 4, 1)
    """
    given = images.shape[-1]
    if given == channels:
        return images
    if channels == 1:
        return np.rint(images[..., :3] @ _GREY).astype(images.dtype)[..., None]
    return np.repeat(images, 3, axis=-1) if given == 1 else images[..., :3]
