"""The arithmetic of a convolution's sides, for convolutions and poolings alike.

A kernel of f pixels with s as its step, on n pixels with p zeros before and behind them, fits
`floor((n + 2 p - f) / s) + 1` times. A dilated kernel reaches over `dilation * (f - 1) + 1`
pixels. Every layer of dlzoo that pads asks here.
"""

import math

from dlzoo._checks import check_choice, check_positive_int

PADDINGS = ("valid", "same", "symmetric", "end")


def output_side(side, kernel_size, strides=1, padding="valid", dilation=1):
    """Side of a convolution's output: `floor((n + 2 p - f) / s) + 1`.

    Args:
        side: n, pixels of the input along one axis; None where it is not known.
        kernel_size: f, of the kernel along this axis.
        strides: s, its step.
        padding: p, the zeros on each of the two ends, or how many `(before, behind)`; or a
            word: `"same"` (as few as give `ceil(n / s)`, the odd one behind: TensorFlow), or
            one of those that `zeros_around` knows.
        dilation: Distance between neighbouring weights of the kernel.

    Returns:
        Pixels of the output along this axis, or None where `side` is None.

    Raises:
        ValueError: An argument is not allowed, or the kernel does not fit once.

    Example:
        >>> output_side(6, 3), output_side(39, 3), output_side(37, 5, strides=2)  # course
        (4, 37, 17)
        >>> output_side(224, 7, strides=2, padding="symmetric"), output_side(7, 3, 2, "same")
        (112, 4)
    """
    if side is not None:
        check_positive_int("output_side", "side", side)
    check_positive_int("output_side", "strides", strides)
    if isinstance(padding, str):
        check_choice("output_side", "padding", padding, PADDINGS)
    zeros = _zeros("output_side", kernel_size, 0 if padding == "same" else padding, dilation)
    if side is None:
        return None
    if padding == "same":
        return math.ceil(side / strides)
    reach = _reach(kernel_size, dilation)
    if side + sum(zeros) < reach:
        raise ValueError(
            f"output_side: side must be at least {reach - sum(zeros)} pixels, because the "
            f"kernel reaches over {reach} and the padding is {padding!r}; got {side}."
        )
    return (side + sum(zeros) - reach) // strides + 1


def zeros_around(kernel_size, padding="symmetric", dilation=1):
    """How many zeros go before and behind the pixels along one axis.

    Args:
        kernel_size, dilation: As in `output_side`.
        padding: `"valid"` (none), `"symmetric"` (half of what the kernel reaches over at both
            ends: Caffe, PyTorch, the papers; at strides 1 an odd kernel then keeps the side),
            `"end"` (the same behind only: keras.applications' MobileNet), or numbers as in
            `output_side`. (`"same"` needs the side, and is left to Keras.)

    Returns:
        `(before, behind)`.

    Example:
        >>> zeros_around(3), zeros_around(7, "end"), zeros_around(3, dilation=2)
        ((1, 1), (0, 3), (2, 2))
    """
    if isinstance(padding, str):
        check_choice("zeros_around", "padding", padding, ("valid", "symmetric", "end"))
    return _zeros("zeros_around", kernel_size, padding, dilation)


def _zeros(who, kernel_size, padding, dilation):
    check_positive_int(who, "kernel_size", kernel_size)
    check_positive_int(who, "dilation", dilation)
    if isinstance(padding, str):
        half = _reach(kernel_size, dilation) // 2
        return {"valid": (0, 0), "symmetric": (half, half), "end": (0, half)}[padding]
    before, behind = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    check_positive_int(who, "padding", before, minimum=0)
    check_positive_int(who, "padding", behind, minimum=0)
    return before, behind


def _reach(kernel_size, dilation):
    """Pixels from the first to the last weight of a kernel."""
    return dilation * (kernel_size - 1) + 1
