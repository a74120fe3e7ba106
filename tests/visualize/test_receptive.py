"""Receptive fields against the arithmetic of their layers, literature, and perturbation."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import dlzoo
from dlzoo.layers import ConvBN, SqueezeExcite, residual_block
from dlzoo.visualize import receptive_field

SIDE = 31


def network(*steps):
    keras.utils.set_random_seed(0)
    x = image = keras.Input((SIDE, SIDE, 2))
    for step in steps:
        x = step(x)
    return keras.Model(image, layers.Activation("linear", name="end")(x))


# What is built, and (kernel, stride, zeros before) of each step.
CASES = {
    "valid": (
        lambda: network(layers.Conv2D(3, 5, 2), layers.MaxPooling2D(2), layers.Conv2D(2, 3)),
        [(5, 2, 0), (2, 2, 0), (3, 1, 0)],
    ),
    "same": (
        # 31 -> 16 -> 8: at an even side TensorFlow's odd zero is behind
        lambda: network(*(layers.Conv2D(3, 3, 2, "same", activation="relu") for _ in "ab")),
        [(3, 2, 1), (3, 2, 0)],
    ),
    "symmetric": (
        lambda: network(ConvBN(3, 3, strides=2), ConvBN(3, 3, strides=2)),
        [(3, 2, 1), (3, 2, 1)],
    ),
    "end": (
        lambda: network(ConvBN(3, 3, strides=2, padding="end", activation="relu6")),
        [(3, 2, 0)],
    ),
    "dilated": (lambda: network(layers.Conv2D(3, 3, dilation_rate=2)), [(5, 1, 0)]),
    "depthwise": (
        lambda: network(layers.DepthwiseConv2D(3), layers.SeparableConv2D(3, 3)),
        [(3, 1, 0), (3, 1, 0)],
    ),
    "residual": (
        lambda: network(lambda x: residual_block(x, 4, strides=2, bottleneck=False)),
        [(3, 2, 1), (3, 1, 1)],
    ),
    "gate": (lambda: network(ConvBN(4, 3), SqueezeExcite(2), ConvBN(4, 3)), [(3, 1, 1)] * 2),
}


def by_hand(steps):
    size, stride, offset = 1, 1, 0
    for kernel, step, zeros in steps:
        offset -= zeros * stride
        size += (kernel - 1) * stride
        stride *= step
    return (size,) * 2, (stride,) * 2, (offset,) * 2


@pytest.mark.parametrize("case", CASES)
def test_the_arithmetic_of_layers(case):
    build, steps = CASES[case]
    model = build()
    field = receptive_field(model, "end")
    assert (field.size, field.stride, field.offset) == by_hand(steps)
    assert not field.at_least
    assert field.centre[0] == field.offset[0] + (field.size[0] - 1) / 2


@pytest.mark.parametrize("case", [pytest.param("same", marks=pytest.mark.backend), "residual"])
def test_what_is_outside_changes_nothing(case):
    """And weights of zero or a dead ReLU hide nothing of what is inside."""
    model = CASES[case][0]()
    field = receptive_field(model, "end")
    weights = model.get_weights()
    model.set_weights([np.zeros_like(value) for value in weights])
    assert receptive_field(CASES[case][0](), "end") == field
    assert receptive_field(model, "end") == field
    model.set_weights(weights)
    rng = np.random.default_rng(0)
    image, other = rng.normal(size=(2, 1, SIDE, SIDE, 2)).astype("float32")
    answer = ops.convert_to_numpy(model(image, training=False))
    for row, column in ((0, 0), (2, 5), (answer.shape[1] - 1, answer.shape[2] - 2)):
        left, top, right, bottom = field.box(row, column, (SIDE, SIDE))
        mixed = other.copy()
        mixed[:, top:bottom, left:right] = image[:, top:bottom, left:right]
        again = ops.convert_to_numpy(model(mixed, training=False))
        np.testing.assert_allclose(again[0, row, column], answer[0, row, column], atol=1e-5)
        for edge in (np.s_[:, top], np.s_[:, bottom - 1], np.s_[:, :, left]):
            changed = image.copy()
            changed[edge] += 3.0
            again = ops.convert_to_numpy(model(changed, training=False))
            assert abs(again[0, row, column] - answer[0, row, column]).max() > 1e-4


def test_a_field_larger_than_the_image_has_exact_boxes_all_the_same():
    model = network(*(layers.Conv2D(2, 5, 2, "same") for _ in range(4)))  # 61 of 31 pixels
    field = receptive_field(model, "end")
    assert field.at_least
    assert str(field).startswith("at least ")
    assert field.box(0, 1, (SIDE, SIDE)) == (0, 0, 31, 31)


def test_places_at_unequal_distances_see_the_whole_side():
    model = network(layers.Conv2D(2, 3), lambda x: ops.concatenate([x, x[:, ::2]], axis=1))
    field = receptive_field(model, "end")
    assert field.at_least
    assert field.box(3, 3, (SIDE, SIDE)) == (3, 0, 6, SIDE)


def test_images_of_any_size():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, layers.Conv2D(2, 3, name="map")(image))
    assert receptive_field(model, "map", (16, 20)).size == (3, 3)
    with pytest.raises(ValueError, match=r"receptive_field: model must be a functional Keras"):
        receptive_field(keras.Sequential([layers.Dense(2)]), "map")


@pytest.mark.slow
def test_mobilenet_as_published():
    """Araujo et al. 2019, Computing Receptive Fields, table 1."""
    model = dlzoo.models.mobilenet(classes=0, input_shape=(512, 512, 3), alpha=0.1)
    field = receptive_field(model, None)
    assert (field.size, field.stride) == ((315, 315), (32, 32))
