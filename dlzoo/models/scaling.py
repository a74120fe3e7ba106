"""Wider and deeper: how factors on channels and on the number of blocks are rounded."""

import math


def scaled(channels, factor):
    """`channels * factor` to the nearest multiple of 8, never more than 10 % below.

    The rounding of MobileNetV2 and EfficientNet, in the authors' programs and all others.

    Example:
        >>> scaled(32, 0.35), scaled(24, 0.5), scaled(96, 1.4)
        (16, 16, 136)
    """
    wanted = channels * factor
    nearest = max(8, int(wanted + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * wanted else nearest + 8


def truncated(channels, factor):
    """`channels * factor` without its fraction, as keras.applications' MobileNet has it.

    Example:
        >>> truncated(32, 0.35), scaled(32, 0.35)
        (11, 16)
    """
    return int(channels * factor)


def repeated(blocks, factor):
    """`blocks * factor`, rounded up.

    Example:
        >>> repeated(4, 3.1)
        13
    """
    return math.ceil(blocks * factor)
