"""A classifier of crops as a convolution: equal to running every window by itself."""

import keras
import numpy as np
import pytest
from keras import layers

import dlzoo
from dlzoo.layers import WindowGrid
from dlzoo.models import dense_to_conv
from tests.models.zoo import fill, images


def crops(*tail, side=14, body=()):
    """The course's: a convolution, a pooling, then `tail`."""
    body = body or (layers.Conv2D(4, 5, activation="relu"), layers.MaxPooling2D(2))
    model = keras.Sequential([keras.Input((side, side, 3)), *body, *tail])
    return fill(model)


def flat():
    return crops(
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(6, activation="relu"),
        layers.BatchNormalization(),
        layers.Dense(3, activation="softmax"),
    )


def strided():
    body = (layers.Conv2D(4, 3, strides=3), layers.ReLU(), layers.Conv2D(4, 2))
    return crops(layers.GlobalAveragePooling2D(), layers.Dense(2), side=11, body=body)


def lenet5(origin="course"):
    return fill(dlzoo.models.lenet5(classes=4, input_shape=(32, 36, 1), origin=origin))


def every_window(model, x, grid, rows, columns):
    """What `model` says to each window, cut out of the images `x`."""
    height, width = grid.window
    found = []
    for x1, y1, _, _ in grid.boxes(rows, columns).astype(int):
        window = x[:, y1 : y1 + height, x1 : x1 + width]
        found.append(keras.ops.convert_to_numpy(model(window, training=False)))
    return np.stack(found, axis=1)


CASES = {
    "flatten": (flat, (14, 14), (2, 2), (21, 26)),
    "strides of three": (strided, (11, 11), (3, 3), (20, 19)),
    "maximum": (
        lambda: crops(layers.GlobalMaxPooling2D(), layers.Dense(2), layers.Softmax()),
        (14, 14),
        (2, 2),
        (16, 19),
    ),
    "lenet5": (lenet5, (32, 36), (4, 4), (40, 47)),
}


# Pixels at the end of a crop that no convolution or pooling reads.
UNREAD = {"flatten": 0, "strides of three": 2, "maximum": 0, "lenet5": 0}


@pytest.mark.parametrize(
    "case", [pytest.param("flatten", marks=pytest.mark.backend), *list(CASES)[1:]]
)
def test_equals_every_window_by_itself(case):
    make, window, stride, sides = CASES[case]
    model = make()
    found = dense_to_conv(model)
    grid = found.layers[-1]
    assert isinstance(grid, WindowGrid)
    assert (grid.window, grid.stride) == (window, stride)
    x = images(2, *sides, model.input_shape[-1])
    scores = keras.ops.convert_to_numpy(found(x, training=False))
    rows, columns = (
        (side - wide + UNREAD[case]) // step + 1
        for side, wide, step in zip(sides, window, stride, strict=True)
    )
    assert scores.shape == (2, rows, columns, model.output_shape[-1])
    room = ((0, 0), (0, UNREAD[case]), (0, UNREAD[case]), (0, 0))
    x = np.pad(keras.ops.convert_to_numpy(x), room, constant_values=9.0)
    expected = every_window(model, x, grid, rows, columns)
    flat_scores = scores.reshape(expected.shape)
    np.testing.assert_allclose(flat_scores, expected, rtol=1e-4, atol=1e-5)
    assert expected.std(axis=1).max() > 1e-3  # windows differ


def test_the_original_is_left_alone(tmp_path):
    model = flat()
    before = model.get_weights()
    found = dense_to_conv(model)
    for weight in found.weights:
        weight.assign(weight + 1)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    found.save(tmp_path / "windows.keras")
    again = keras.saving.load_model(tmp_path / "windows.keras")
    assert again.layers[-1].stride == (2, 2)
    x = images(1, 20, 20, 3)
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(m(x)) for m in (found, again)))


def test_padding_is_refused_unless_allowed():
    body = (layers.Conv2D(4, 3, padding="same"), layers.MaxPooling2D(2))
    model = crops(layers.Flatten(), layers.Dense(2), side=8, body=body)
    with pytest.raises(ValueError, match=r"must be 'valid', because .* pads\. Train"):
        dense_to_conv(model)
    found = dense_to_conv(model, allow_padding=True)
    x = images(1, 12, 12, 3)
    scores = keras.ops.convert_to_numpy(found(x)).reshape(1, 9, 2)
    expected = every_window(model, x, found.layers[-1], 3, 3)
    assert np.abs(scores - expected).max() > 1e-3  # which is why


def test_padding_inside_a_block_is_seen():
    model = dlzoo.models.mobilenet_v2(classes=2, input_shape=(32, 32, 3), alpha=0.35)
    with pytest.raises(ValueError, match="'stem' pads"):
        dense_to_conv(model)
    found = dense_to_conv(model, allow_padding=True)
    assert found.layers[-1].stride == (32, 32)
    assert found.output_shape == (None, None, None, 2)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: dlzoo.models.lenet5(origin="paper"), r"must have one of .*got \['head'"),
        (lambda: dlzoo.models.lenet5(classes=0), r"must have one of Flatten.*got none of them"),
        (lambda: crops(layers.Flatten()), "after it Dense layers"),
        (lambda: crops(layers.Flatten(), layers.Reshape((2, -1)), layers.Dense(2)), "reshape"),
        (
            lambda: dlzoo.models.efficientnet_b0(classes=2, input_shape=(32, 32, 3)),
            "must see a part of the image each|pads",
        ),
        (
            lambda: dlzoo.models.resnet18(classes=2, input_shape=(None, None, 3)),
            "must take images of one size",
        ),
        (lambda: "lenet5", "must be a functional or sequential Keras model; got 'lenet5'"),
    ],
)
def test_refuses(make, words):
    with pytest.raises(ValueError, match=f"^dense_to_conv: .*({words})"):
        dense_to_conv(make())
