"""Edge filters against the course's worked pictures and NumPy."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.layers import EdgeFilter, edge_filter
from dlzoo.testing import gradients
from tests.layers.numpy_reference import convolve

HALVES = np.repeat([[10, 10, 10, 0, 0, 0]], 6, axis=0)  # bright left, dark right
NUMBERS = [
    [3, 0, 1, 2, 7, 4],
    [1, 5, 8, 9, 3, 1],
    [2, 7, 2, 5, 1, 3],
    [0, 1, 3, 1, 7, 8],
    [4, 2, 1, 6, 2, 8],
    [2, 4, 5, 2, 3, 9],
]
VERTICAL = {
    "vertical": [[1, 0, -1], [1, 0, -1], [1, 0, -1]],
    "sobel": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "scharr": [[3, 0, -3], [10, 0, -10], [3, 0, -3]],
}


def answer(layer, image):
    """What the layer says to a grey picture, as a grey picture."""
    got = keras.ops.convert_to_numpy(layer(np.asarray(image)[None, :, :, None]))
    assert got.shape[-1] == 1
    return got[0, :, :, 0]


@pytest.mark.backend
class TestTheCourse:
    def test_a_vertical_edge(self):
        np.testing.assert_array_equal(
            answer(edge_filter("vertical"), HALVES), [[0, 30, 30, 0]] * 4
        )

    def test_dark_to_bright_is_negative(self):
        dark_first = HALVES[:, ::-1]
        np.testing.assert_array_equal(
            answer(edge_filter("vertical"), dark_first), [[0, -30, -30, 0]] * 4
        )

    def test_sixteen_numbers(self):
        np.testing.assert_array_equal(
            answer(edge_filter("vertical"), NUMBERS),
            [[-5, -4, 0, 8], [-10, -2, 2, 3], [0, -2, -4, -7], [-3, -2, -3, -16]],
        )

    def test_a_chequered_picture_has_horizontal_edges(self):
        picture = np.vstack([HALVES[:3], HALVES[:3, ::-1]])
        np.testing.assert_array_equal(
            answer(edge_filter("horizontal"), picture),
            [[0, 0, 0, 0], [30, 10, -10, -30], [30, 10, -10, -30], [0, 0, 0, 0]],
        )


@pytest.mark.backend
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", ["sobel", "scharr"])
def test_each_channel_by_itself_is_the_reference(kind, padding):
    image = np.random.default_rng(0).uniform(0, 255, (2, 7, 8, 3))
    vertical = np.asarray(VERTICAL[kind], float)
    expected = [
        convolve(
            image,
            np.repeat(kernel[:, :, None, None], 3, axis=2),
            1,
            "symmetric",
            depthwise=True,
        )
        for kernel in (vertical, vertical.T)
    ]
    if padding == "valid":
        expected = [each[:, 1:-1, 1:-1] for each in expected]
    expected.append(np.hypot(*expected))
    for direction, values in zip(
        ("vertical", "horizontal", "magnitude"), expected, strict=True
    ):
        layer = edge_filter(kind, direction, padding=padding)
        got = keras.ops.convert_to_numpy(layer(image.astype("float32")))
        assert got.shape == tuple(layer.compute_output_shape(image.shape))
        np.testing.assert_allclose(got, values, rtol=1e-4, atol=1e-2)


def test_whole_numbers_of_a_photograph_are_welcome():
    pixels = np.asarray(HALVES * 25, "uint8")
    np.testing.assert_array_equal(answer(edge_filter(), pixels), [[0, 750, 750, 0]] * 4)


def test_the_kernel_is_fixed_unless_asked():
    layer = edge_filter("sobel", name="edges")
    layer.build((None, 6, 6, 2))
    assert layer.trainable_weights == []
    np.testing.assert_array_equal(layer.kernel[:, :, 1, 0], VERTICAL["sobel"])
    learning = edge_filter("sobel", trainable=True)
    learning.build((None, 6, 6, 2))
    assert len(learning.trainable_weights) == 1


@pytest.mark.backend
def test_the_magnitude_of_flat_pictures_has_a_slope():
    layer = edge_filter("sobel", "magnitude")
    flat = np.ones((1, 4, 4, 1), "float32")

    def objective(values):
        return keras.ops.sum(layer(values[0]))

    (slope,) = gradients(objective, [flat])
    np.testing.assert_array_equal(slope, np.zeros_like(flat))


@pytest.mark.backend
def test_profile_and_config():
    layer = edge_filter("scharr", "magnitude", strides=2, padding="same", name="edges")
    copy = EdgeFilter.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    image = keras.Input((9, 8, 3))
    found = dlzoo.profile(keras.Model(image, copy(image)))
    assert found.rows()[-1].output_shape == (5, 4, 3)
    assert found.multiply_adds == 5 * 4 * 9 * 3 * 2
    assert (found.trainable_parameters, found.other_parameters) == (0, 54)


@pytest.mark.slow
def test_a_saved_model_needs_dlzoo_alone(tmp_path):
    image = keras.Input((6, 6, 1))
    keras.Model(image, edge_filter("vertical")(image)).save(tmp_path / "edges.keras")
    code = f"""
import dlzoo, keras, numpy as np
model = keras.saving.load_model({str(tmp_path / "edges.keras")!r})
image = np.repeat([[10.0, 10, 10, 0, 0, 0]], 6, axis=0).reshape(1, 6, 6, 1)
print(keras.ops.convert_to_numpy(model(image))[0, 0, :, 0].tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[0.0, 30.0, 30.0, 0.0]\n", done.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("roberts",), "edge_filter: kind must be one of .*; got 'roberts'"),
        (("vertical", "horizontal"), "direction must be left out, because kind='vertical'"),
        (("sobel", "diagonal"), "EdgeFilter: direction must be one of .*; got 'diagonal'"),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError, match=words):
        edge_filter(*arguments)
    with pytest.raises(ValueError, match="EdgeFilter: kernel must be one of"):
        EdgeFilter("vertical")
