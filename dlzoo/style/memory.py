"""How much memory a picture of some size will take, and how much there is."""

import math
import os
from pathlib import Path

import keras

# Bytes at the peak of a step, as a multiple of all feature maps in the forward pass: they
# are kept for the gradient, which needs about as much again. Measured: see tests.
FACTOR = 2.0

_CGROUP = Path("/sys/fs/cgroup")


def needed(network: keras.Model, size: tuple[int, int]) -> int:
    """Bytes that a step takes at a height and width, roughly.

    Raises:
        ValueError: The network leaves nothing of a picture as small as that.
    """
    layers = [layer for layer in network.layers if layer.output is not None]
    everything = keras.Model(network.inputs, [layer.output for layer in layers])
    image = keras.KerasTensor((1, *size, 3))
    total = 0
    for output in keras.tree.flatten(everything.compute_output_spec([image])):
        count = math.prod(output.shape)
        if count == 0:
            raise ValueError("a side of a feature map is 0")
        total += count * (2 if "16" in output.dtype else 4)
    return round(FACTOR * total)


def available() -> int | None:
    """Bytes of main memory that are free or can be freed; None where that is not known."""
    free = [_linux(), _cgroup()]
    known = [bytes for bytes in free if bytes is not None]
    return min(known, default=None)


def _linux():
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        return None


def _cgroup():
    """What a container may still take."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        return limit - int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no limit reads "max"
        return None


def check(network: keras.Model, size: tuple[int, int], role: str) -> None:
    """Raise where a picture of a height and width is too small or too large.

    Raises:
        ValueError: Says what fits.
    """
    height, width = size
    try:
        bytes = needed(network, size)
    except ValueError as error:
        raise ValueError(
            f"stylize: {role} must be larger, because the network divides its sides again and "
            f"again; it has {height} x {width} pixels at this size ({error}). Take a larger "
            f"size, a picture that is less narrow, or layers that lie less deep."
        ) from None
    free = available()
    if free is None or bytes <= free or os.environ.get("DLZOO_IGNORE_MEMORY"):
        return
    fits = int(max(size) * math.sqrt(free / bytes) // 16 * 16)
    raise ValueError(
        f"stylize: size must be at most about {fits} here, because {network.name} needs about "
        f"{bytes / 1e9:.1f} GB of memory for {role} of {height} x {width} pixels and "
        f"{free / 1e9:.1f} GB are free. Take a smaller size, mixed_bfloat16, or layers that "
        f"lie less deep."
    )
