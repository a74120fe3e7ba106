"""The sides of convolutions: the course's cases, Keras's and NumPy's own answers."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.layers import ConvBN, DepthwiseConvBN, output_side, zeros_around

sides, kernels, steps = st.integers(1, 40), st.integers(1, 7), st.integers(1, 4)


@pytest.mark.parametrize(
    "side, kernel_size, strides, padding, expected",
    [
        (6, 3, 1, 0, 4),  # edge detection
        (6, 3, 1, 1, 6),  # "same": p = (f - 1) / 2
        (7, 3, 2, 0, 3),  # strided convolution
        (39, 3, 1, 0, 37),  # the course's example of a network: 39, 37, 17, 7
        (37, 5, 2, 0, 17),
        (17, 5, 2, 0, 7),
        (32, 5, 1, "valid", 28),  # LeNet-5
        (28, 2, 2, "valid", 14),
        (227, 11, 4, "valid", 55),  # AlexNet
        (224, 7, 2, "symmetric", 112),  # ResNet
        (224, 7, 2, "same", 112),
        (7, 4, 1, "symmetric", 8),  # an even kernel grows the picture
        (224, 3, 2, "end", 112),  # MobileNet of keras.applications
        (7, 3, 2, "end", 3),
        (227, 11, 4, (0, 3), 55),
        (None, 3, 2, "same", None),
    ],
)
def test_worked_numbers(side, kernel_size, strides, padding, expected):
    assert output_side(side, kernel_size, strides, padding) == expected


@given(sides, kernels, steps, st.integers(0, 5), st.integers(1, 3))
def test_it_is_how_often_the_kernel_fits(side, kernel_size, strides, padding, dilation):
    reach = dilation * (kernel_size - 1) + 1
    last = side + 2 * padding - reach  # where the last window may begin
    if last < 0:
        with pytest.raises(ValueError, match="output_side: side must be at least"):
            output_side(side, kernel_size, strides, padding, dilation)
    else:
        windows = len(range(0, last + 1, strides))
        assert output_side(side, kernel_size, strides, padding, dilation) == windows


@given(sides, kernels, st.integers(1, 3))
def test_symmetric_padding_keeps_the_side_of_odd_kernels(side, kernel_size, dilation):
    reach = dilation * (kernel_size - 1) + 1
    kept = output_side(side, kernel_size, 1, "symmetric", dilation)
    assert kept == side + (reach % 2 == 0)
    zeros = zeros_around(kernel_size, dilation=dilation)
    assert output_side(side, kernel_size, 1, zeros, dilation) == kept
    assert zeros_around(kernel_size, "end", dilation) == (0, zeros[1])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides, dilation", [(1, 1), (2, 1), (3, 1), (1, 2)])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 5])
def test_keras_agrees(kernel_size, strides, dilation, padding):
    layer = keras.layers.Conv2D(
        1, kernel_size, strides, padding=padding, dilation_rate=dilation
    )
    for side in range(10, 16):
        shape = layer.compute_output_shape((1, side, side, 1))
        assert shape[1] == output_side(side, kernel_size, strides, padding, dilation)


@pytest.mark.parametrize("padding", ["same", "symmetric", "end"])
@pytest.mark.parametrize("kind", [lambda *a, **k: ConvBN(3, *a, **k), DepthwiseConvBN])
@pytest.mark.parametrize("kernel_size, strides", [(3, 1), (3, 2), (2, 1), ((5, 3), 3)])
def test_layers_give_the_shapes_that_they_say(kind, kernel_size, strides, padding):
    layer = kind(kernel_size, strides, padding=padding)
    pair = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    agree = strides == 1 and kernel_size == 3  # all ways to pad
    used = "same" if agree else padding
    expected = [output_side(n, f, strides, used) for n, f in zip((7, 8), pair, strict=True)]
    answer = layer(np.ones((1, 7, 8, 3), "float32"))
    assert list(answer.shape) == [1, *expected, 3]
    assert list(layer.compute_output_shape((None, 7, 8, 3))) == [None, *expected, 3]
    assert layer.compute_output_shape((None, None, None, 3)) == (None, None, None, 3)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            (2, 3),
            r"side must be at least 3 pixels, because the kernel reaches over 3 .*; got 2",
        ),
        ((2, 4, 1, 0), "side must be at least 4 pixels"),
        ((2, 7, 1, 2), "side must be at least 3 pixels"),
        ((0, 3), "side must be a whole number of at least 1; got 0"),
        ((5, 0), "kernel_size must be a whole number"),
        ((5, 3, 0), "strides must be a whole number"),
        ((5, 3, 1, "full"), r"padding must be one of \['end', 'same', 'symmetric', 'valid'\]"),
        ((5, 3, 1, -1), "padding must be a whole number of at least 0"),
        ((5, 3, 1, 0, 0), "dilation must be a whole number"),
    ],
)
def test_errors_of_sides(arguments, words):
    with pytest.raises(ValueError, match=f"^output_side: {words}"):
        output_side(*arguments)


def test_same_padding_needs_the_side():
    with pytest.raises(
        ValueError, match=r"^zeros_around: padding must be one of .*; got 'same'"
    ):
        zeros_around(3, "same")
