"""`dlzoo.profile` against the course's figures, hand counts and Keras's own.

Against what is published of each network: `test_zoo.py`, by `tests.models.facts`.
"""

import json
import threading

import keras
import numpy as np
import pytest
from keras import layers

import dlzoo
from dlzoo.layers import ConvBN, DepthwiseSeparableConv2D, InvertedResidual, SqueezeExcite
from dlzoo.models.multiply_adds import multiply_adds


def sequential(shape, *parts):
    return keras.Sequential([keras.Input(shape, name="image"), *parts], name="model")


@pytest.mark.backend
class TestTheCourse:
    def test_depthwise_separable_convolution(self):
        full = dlzoo.profile(sequential((6, 6, 3), layers.Conv2D(5, 3)))
        cheap = dlzoo.profile(
            sequential((6, 6, 3), DepthwiseSeparableConv2D(5, 3, name="cheap"))
        )
        assert full.multiply_adds == 2160
        assert cheap.multiply_adds == 672
        assert [row.multiply_adds for row in cheap.rows(None)] == [0, 432, 240]

    @pytest.mark.parametrize("filters, kernel_size", [(5, 3), (32, 3), (64, 5)])
    def test_the_ratio_of_depthwise_separable_to_full(self, filters, kernel_size):
        shape = (10, 9, 4)
        full = sequential(shape, layers.Conv2D(filters, kernel_size, padding="same"))
        cheap = sequential(
            shape, DepthwiseSeparableConv2D(filters, kernel_size, padding="same")
        )
        ratio = dlzoo.profile(cheap).multiply_adds / dlzoo.profile(full).multiply_adds
        assert ratio == pytest.approx(1 / filters + 1 / kernel_size**2)

    def test_a_bottleneck_makes_the_inception_module_cheap(self):
        shape = (28, 28, 192)
        direct = dlzoo.profile(sequential(shape, layers.Conv2D(32, 5, padding="same")))
        narrow = dlzoo.profile(
            sequential(shape, layers.Conv2D(16, 1), layers.Conv2D(32, 5, padding="same"))
        )
        assert direct.multiply_adds == 28 * 28 * 32 * 5 * 5 * 192  # "120 million"
        assert direct.multiply_adds / 1e6 == pytest.approx(120, rel=0.005)
        assert narrow.multiply_adds == 28 * 28 * (16 * 192 + 32 * 5 * 5 * 16)  # "12.4"
        assert round(narrow.multiply_adds / 1e6, 1) == 12.4


@pytest.mark.slow
def test_vgg16_as_the_course_counts_it():
    found = dlzoo.profile(dlzoo.create_model("vgg16"))
    assert found.parameters == 138_357_544
    # Outputs of convolutions, poolings and fully connected layers, and the image: the
    # lines of the course's table. They add up to 15.2 M numbers, 61 MB; its own sum, 24 M
    # and 96 MB, is no sum of them.
    convolutions = {224: (64, 64), 112: (128, 128), 56: (256,) * 3, 28: (512,) * 3}
    numbers = 224 * 224 * 3 + 3 * 14 * 14 * 512 + 4096 + 4096 + 1000
    numbers += sum(side**2 * sum(widths) for side, widths in convolutions.items())
    pools = {112: 64, 56: 128, 28: 256, 14: 512, 7: 512}
    numbers += sum(side**2 * width for side, width in pools.items())
    assert numbers == 15_237_608
    assert found.activation_bytes == 4 * numbers


@pytest.mark.backend
@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        (layers.Conv1D(4, 3, padding="causal"), (9, 2), 9 * 3 * 2 * 4),
        (layers.Conv2D(6, (5, 3), 2, groups=2), (11, 8, 4), 4 * 3 * 5 * 3 * 2 * 6),
        (layers.Conv3D(2, 2), (3, 3, 3, 1), 8 * 8 * 2),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (5, 5, 4), 9 * 9 * 4 * 2),
        (layers.Conv2DTranspose(3, 4, 2), (5, 6, 2), 30 * 4 * 4 * 2 * 3),
        (layers.SeparableConv2D(5, 3), (6, 6, 3), 672),
        (layers.Dense(7), (3, 5), 3 * 5 * 7),
        (layers.EinsumDense("abc,cde->abde", (3, 2, 5)), (3, 4), 3 * 4 * 2 * 5),
        (layers.EinsumDense("...c,cd->...d", 5), (3, 4), 3 * 4 * 5),
        (layers.BatchNormalization(), (4, 4, 2), 0),
        (layers.MaxPooling2D(), (4, 4, 2), 0),
        (ConvBN(8, 3, 2), (7, 8, 3), 4 * 4 * 9 * 3 * 8),
        (SqueezeExcite(2), (5, 5, 6), 2 * 6 * 2),
        (InvertedResidual(4, expansion=6), (5, 5, 4), 25 * (4 * 24 + 9 * 24 + 24 * 4)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_multiply_adds_by_hand(layer, shape, expected):
    found = dlzoo.profile(sequential(shape, layer))
    assert found.multiply_adds == expected
    assert found.not_counted == ()


def test_channels_first_counts_the_same():
    kernel = {"filters": 4, "kernel_size": 3}
    for kind in (layers.Conv2D, layers.Conv2DTranspose):
        last, first = kind(**kernel), kind(**kernel, data_format="channels_first")
        last.build((None, 8, 9, 2))
        first.build((None, 2, 8, 9))
        out = last.compute_output_shape((1, 8, 9, 2))
        moved = first.compute_output_shape((1, 2, 8, 9))
        assert multiply_adds(first, (1, 2, 8, 9), moved) == multiply_adds(
            last, (1, 8, 9, 2), out
        )


@pytest.mark.backend
def test_memory_by_hand():
    model = sequential(
        (4, 6, 3),
        layers.Conv2D(2, 3, padding="same", activation="relu"),  # 48 numbers
        ConvBN(5, 1, 2),  # convolution and normalisation: 30 each
        layers.Dropout(0.5),  # nothing at test time
        layers.Flatten(),  # a view
        layers.Dense(10),  # 10
    )
    assert dlzoo.profile(model).activation_bytes == 4 * (72 + 48 + 2 * 30 + 10)


def test_memory_follows_the_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = sequential((4, 4, 1), ConvBN(2, 1, name="block"))
        rows = dlzoo.profile(model).rows()
    finally:
        keras.config.set_dtype_policy(before)
    assert [(row.name, row.activation_bytes) for row in rows][-1] == ("block", 2 * 2 * 32)


@pytest.mark.backend
def test_models_inside_models_and_shared_layers():
    inner = sequential((8, 8, 3), ConvBN(4, 3, name="block"))
    dense = layers.Dense(4, name="dense")
    image = keras.Input((8, 8, 3), name="image")
    x = layers.GlobalAveragePooling2D(name="pool")(inner(image))
    model = keras.Model(image, dense(dense(x)))
    found = dlzoo.profile(model)
    assert [row.name for row in found.rows(None)] == [
        "image",
        "model/block/conv",
        "model/block/bn",
        "pool",
        "dense",
        "dense",
    ]
    assert [row.multiply_adds for row in found.rows(None)] == [0, 64 * 27 * 4, 0, 0, 16, 16]
    assert [row.trainable_parameters for row in found.rows()] == [0, 108 + 8, 0, 20, 0]
    assert found.parameters == model.count_params()


@pytest.mark.backend
def test_several_inputs_and_sides_of_any_size():
    inputs = {"a": keras.Input((None, None, 1), name="a"), "b": keras.Input((4,), name="b")}
    x = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(inputs["a"]))
    model = keras.Model(inputs, layers.Add()([x, inputs["b"]]))
    found = dlzoo.profile(model, [(5, 7, 1), (4,)])
    assert found.multiply_adds == 3 * 5 * 9 * 4
    assert [row.output_shape for row in found.rows()][:3] == [(5, 7, 1), (4,), (3, 5, 4)]


def test_what_does_not_learn_is_counted_apart():
    frozen = ConvBN(4, 3, name="frozen")
    frozen.trainable = False
    found = dlzoo.profile(sequential((8, 8, 3), frozen, ConvBN(2, 1, name="learning")))
    counts = [(row.trainable_parameters, row.other_parameters) for row in found.rows()]
    assert counts == [(0, 0), (0, 108 + 4 * 4), (8 + 4, 4)]


@keras.saving.register_keras_serializable("tests")
class WithABranchForTraining(keras.Model):
    """A model of its own class, whose second head runs in training only."""

    def __init__(self):
        super().__init__(name="own")
        self.head, self.auxiliary = layers.Dense(2, name="head"), layers.Dense(3)
        self.scale = self.add_weight(shape=(2,), name="scale")

    def build(self, input_shape):
        self.head.build(input_shape)
        self.auxiliary.build(input_shape)

    def call(self, x, training=None):
        return [self.head(x), self.auxiliary(x)] if training else self.head(x) * self.scale


@pytest.mark.backend
def test_weights_that_do_not_run_are_counted_too():
    model = WithABranchForTraining()
    model.build((None, 4))
    found = dlzoo.profile(model, (4,))
    assert [(row.name, row.parameters) for row in found.rows()] == [
        ("input", 0),
        ("head", 10),
        ("own", 2 + 15),
    ]
    assert (found.parameters, found.multiply_adds) == (model.count_params(), 8)


def test_a_layer_may_tell_its_work():
    class Outer(layers.Layer):
        def build(self, input_shape):
            self.weight = self.add_weight(shape=(3, 4), name="weight")

        def call(self, x):
            return x * keras.ops.sum(self.weight)

        def multiply_adds(self, input_shape, output_shape):
            return 12 + output_shape[-1]

    found = dlzoo.profile(sequential((5,), Outer()))
    assert (found.multiply_adds, found.not_counted) == (17, ())


def test_what_is_not_known_is_named():
    found = dlzoo.profile(sequential((5, 3), layers.LSTM(4, name="lstm")))
    assert found.parameters == 4 * 4 * (3 + 4 + 1)
    assert all(name.startswith("lstm") for name in found.not_counted)
    assert "multiply-adds not counted: lstm" in str(found)


def test_the_model_computes_as_before_and_so_do_other_threads():
    model = sequential((6, 6, 3), ConvBN(4, 3, name="block"))
    call = keras.layers.Layer.__call__
    x = np.ones((1, 6, 6, 3), "float32")
    expected = keras.ops.convert_to_numpy(model(x))
    found, wrong = [], []

    def profile():
        for _ in range(5):
            found.append(dlzoo.profile(model))

    def compute():
        for _ in range(20):
            wrong.append((keras.ops.convert_to_numpy(model(x)) != expected).any())

    threads = [threading.Thread(target=target) for target in (profile, profile, compute)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert len(set(found)) == 1
    assert len(wrong) == 20
    assert not any(wrong)
    assert keras.layers.Layer.__call__ is call


def test_an_error_inside_leaves_nothing_behind():
    class Broken(layers.Layer):
        def call(self, x, training=None):
            if training is False:
                raise RuntimeError("broken")
            return x

    call = keras.layers.Layer.__call__
    model = sequential((3,), layers.Dense(2), Broken())
    with pytest.raises(Exception, match="broken"):
        dlzoo.profile(model)
    assert keras.layers.Layer.__call__ is call
    assert dlzoo.profile(sequential((3,), layers.Dense(2))).multiply_adds == 6


def test_depth():
    model = sequential((8, 8, 16), InvertedResidual(16, name="block"), layers.Flatten())
    found = dlzoo.profile(model)
    assert [row.name for row in found.rows()] == ["image", "block"]
    assert [row.name for row in found.rows(2)][1:] == [
        "block/expand",
        "block/depthwise",
        "block/project",
    ]
    assert [row.name for row in found.rows(None)][1:3] == [
        "block/expand/conv",
        "block/expand/bn",
    ]
    for depth in (1, 2, None):
        rows = found.rows(depth)
        assert sum(row.multiply_adds for row in rows) == found.multiply_adds
        assert sum(row.activation_bytes for row in rows) == found.activation_bytes
        assert sum(row.parameters for row in rows) == found.parameters
    with pytest.raises(ValueError, match="profile: depth must be a whole number of at least 1"):
        found.rows(0)


def test_it_prints_and_converts():
    found = dlzoo.profile(sequential((32, 32, 3), ConvBN(64, 3, name="block")))
    lines = str(found).splitlines()
    assert lines[0].split() == [
        "layer", "kind", "output", "trainable", "other", "multiply-adds", "activations",
    ]  # fmt: skip
    assert len({len(line) for line in lines}) == 1  # aligned
    words = ["model", "total", "1.856", "k", "128", "1.769", "M", "536.6", "kB"]
    assert lines[-1].split() == words
    back = json.loads(json.dumps(found.to_dict()))
    assert back["multiply_adds"] == found.multiply_adds == 32 * 32 * 27 * 64
    assert back["layers"][1]["layers"][0]["name"] == "block/conv"


@pytest.mark.parametrize(
    "model, shape, words",
    [
        (ConvBN(2, 3), None, r"profile: model must be a keras.Model; got <ConvBN"),
        (keras.Sequential([layers.Dense(2)], name="m"), None, r"profile: model must be built"),
        (
            sequential((None, None, 3), layers.Conv2D(2, 3)),
            None,
            r"input_shape must be given, because 'model' takes images of any size; got "
            r"\(None, None, 3\). Pass e.g. input_shape=\(224, 224, 3\)",
        ),
        (
            sequential((8, 8, 3), layers.Conv2D(2, 3)),
            (8, 9, 3),
            r"input_shape must fit the input of 'model'.* \(8, 8, 3\), got \(8, 9, 3\)",
        ),
        (sequential((8, 8, 3), layers.Conv2D(2, 3)), (1, 8, 8, 3), "must fit the input"),
    ],
)
def test_errors(model, shape, words):
    with pytest.raises(ValueError, match=words):
        dlzoo.profile(model, shape)
