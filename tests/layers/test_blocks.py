"""Every block against float64 NumPy (and Keras where it has one), gradients, and config."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import (
    ClassLabels,
    ConvBN,
    ConvolutionalBlock,
    DepthwiseConvBN,
    DepthwiseSeparableConv2D,
    IdentityBlock,
    ImagePreprocessing,
    InvertedDropout,
    InvertedResidual,
    MBConv,
    SeparableBlock,
    SqueezeExcite,
    StochasticDepth,
    residual_block,
)
from dlzoo.testing import gradient_check
from tests.layers import numpy_reference as reference

RNG = np.random.default_rng(0)


def built(layer, shape):
    """The layer with random weights, positive variances among them."""
    layer.build(shape)
    for v in layer.variables:
        if "float" in v.dtype:
            low, high = (0.5, 1.5) if "variance" in v.path else (-0.7, 0.7)
            v.assign(RNG.uniform(low, high, v.shape))
    return layer


def outputs(layer, x):
    y = layer(ops.convert_to_tensor(x, "float32"))
    return ops.convert_to_numpy(y)


# The name, our layer, its input shape (sides odd and even), and the same in NumPy.
CASES = [
    (f"{name}-{height}x{width}", make, (2, height, width, channels), expected)
    for height, width in ((6, 7), (8, 5))
    for name, make, channels, expected in [
        ("conv_bn", lambda: ConvBN(4, 3), 3, reference.conv_bn),
        ("conv_bn-strided", lambda: ConvBN(4, 3, 2), 3, reference.conv_bn),
        ("conv_bn-same", lambda: ConvBN(4, 3, 2, padding="same"), 3, reference.conv_bn),
        ("conv_bn-7x7", lambda: ConvBN(4, 7, 2, use_bias=True), 3, reference.conv_bn),
        ("conv_bn-5x3", lambda: ConvBN(4, (5, 3), 2), 3, reference.conv_bn),
        ("depthwise", lambda: DepthwiseConvBN(3), 3, reference.conv_bn),
        ("depthwise-strided", lambda: DepthwiseConvBN(3, 2), 3, reference.conv_bn),
        ("depthwise-same", lambda: DepthwiseConvBN(5, 2, padding="same"), 3, reference.conv_bn),
        ("identity", lambda: IdentityBlock(2), 8, reference.residual),
        ("identity-plain", lambda: IdentityBlock(3, bottleneck=False), 3, reference.residual),
        ("convolutional", lambda: ConvolutionalBlock(2, 2), 3, reference.residual),
        (
            "convolutional-paper",
            lambda: ConvolutionalBlock(2, 2, stride_on="reduce", use_bias=True),
            3,
            reference.residual,
        ),
        (
            "convolutional-plain",
            lambda: ConvolutionalBlock(4, 2, bottleneck=False),
            3,
            reference.residual,
        ),
        ("inverted", lambda: InvertedResidual(3, expansion=2), 3, reference.inverted_residual),
        ("inverted-narrow", lambda: InvertedResidual(4, expansion=1), 3,
         reference.inverted_residual),
        ("inverted-strided", lambda: InvertedResidual(3, 2), 3, reference.inverted_residual),
        ("conv_bn-end", lambda: ConvBN(4, 3, 2, padding="end"), 3, reference.conv_bn),
        ("depthwise-end", lambda: DepthwiseConvBN(5, 2, padding="end"), 3, reference.conv_bn),
        ("separable", lambda: SeparableBlock(4), 3, reference.separable_block),
        ("separable-end", lambda: SeparableBlock(4, 2, padding="end"), 3,
         reference.separable_block),
        ("mbconv", lambda: MBConv(4, expansion=2, keep_prob=0.5), 4, reference.mbconv),
        ("mbconv-narrow", lambda: MBConv(3, expansion=1), 8, reference.mbconv),
        ("mbconv-strided", lambda: MBConv(3, 2, kernel_size=5, padding="same"), 8,
         reference.mbconv),
        ("squeeze_excite", lambda: SqueezeExcite(2), 4, reference.squeeze_excite),
    ]
]  # fmt: skip
each_case = pytest.mark.parametrize(
    "make, shape, expected",
    [
        pytest.param(
            *case[1:], id=case[0], marks=[pytest.mark.backend] if "6x7" in case[0] else []
        )
        for case in CASES
    ],
)


@each_case
def test_is_the_paper_in_float64(make, shape, expected):
    layer = built(make(), shape)
    x = RNG.normal(size=shape)
    got = outputs(layer, x)
    assert got.shape == tuple(layer.compute_output_shape(shape))
    np.testing.assert_allclose(got, expected(x, layer), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make, shape, expected",
    [pytest.param(*case[1:], id=case[0]) for case in CASES[: len(CASES) // 2 : 3]],
)
def test_config_round_trip(make, shape, expected):
    layer = built(make(), shape)
    copy = type(layer).from_config(layer.get_config())
    copy.build(shape)
    assert copy.get_config() == layer.get_config()
    assert [v.shape for v in copy.variables] == [v.shape for v in layer.variables]
    copy.set_weights(layer.get_weights())
    x = RNG.normal(size=shape)
    np.testing.assert_array_equal(outputs(copy, x), outputs(layer, x))


@pytest.mark.backend
@pytest.mark.parametrize(
    "layer, shape",
    [
        (ConvBN(3, 3, 2), (2, 5, 6, 2)),
        (DepthwiseConvBN(3, 2, padding="same"), (2, 5, 6, 2)),
        (IdentityBlock(2), (2, 3, 3, 8)),
        (ConvolutionalBlock(2, 2, bottleneck=False), (2, 4, 4, 3)),
        (InvertedResidual(2, expansion=2), (2, 3, 4, 2)),
        (SeparableBlock(3, 2, padding="end"), (2, 5, 4, 2)),
        (MBConv(4, expansion=2, keep_prob=0.5, seed=1), (3, 3, 3, 4)),
        (SqueezeExcite(2), (2, 3, 3, 4)),
        (StochasticDepth(0.5, seed=1), (4, 2, 2, 3)),
        (DepthwiseSeparableConv2D(3, 3), (2, 4, 4, 2)),
        (InvertedDropout(0.7, seed=1), (4, 6)),
        (ImagePreprocessing(0.1, (1, 2, 3), (2, 3, 4), "bgr"), (2, 2, 2, 3)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("training", [True, False])
def test_gradient_check(layer, shape, training):
    check = gradient_check(layer, shape, training=training, samples=6)
    assert check.passed, str(check)


@pytest.mark.backend
@pytest.mark.parametrize("strides, padding", [(1, "valid"), (1, "same"), (2, "same")])
def test_depthwise_separable_equals_keras(strides, padding):
    shape = (2, 7, 6, 3)
    ours = built(DepthwiseSeparableConv2D(5, 3, strides, padding=padding), shape)
    theirs = keras.layers.SeparableConv2D(5, 3, strides, padding)
    theirs.build(shape)
    theirs.set_weights(ours.get_weights())
    x = RNG.normal(size=shape)
    np.testing.assert_allclose(outputs(ours, x), outputs(theirs, x), atol=1e-5)


def test_residual_block_chooses_by_shapes():
    x = keras.Input((8, 8, 8))
    same = residual_block(x, 2, name="same")
    wider = residual_block(same, 4, name="wider")
    smaller = residual_block(wider, 4, strides=2, name="smaller")
    model = keras.Model(x, smaller)
    kinds = {name: type(model.get_layer(name)) for name in ("same", "wider", "smaller")}
    assert kinds == {
        "same": IdentityBlock,
        "wider": ConvolutionalBlock,
        "smaller": ConvolutionalBlock,
    }


def test_identity_block_says_what_does_not_agree():
    with pytest.raises(ValueError, match=r"got 6 channels in, 8 out, strides=1.*Convolut"):
        IdentityBlock(2).build((None, 4, 4, 6))


@pytest.mark.backend
class TestInvertedDropout:
    def test_is_the_identity_at_test_time(self):
        x = RNG.normal(size=(4, 5)).astype("float32")
        np.testing.assert_array_equal(outputs(InvertedDropout(0.3), x), x)

    def test_keeps_the_expectation_and_the_share(self):
        keep = 0.8
        x = ops.ones((400, 500))
        y = ops.convert_to_numpy(InvertedDropout(keep, seed=3)(x, training=True))
        # 200,000 units: five standard errors of the mean.
        error = 5 * np.sqrt((1 - keep) / keep / y.size)
        assert abs(y.mean() - 1) < error
        np.testing.assert_allclose(np.unique(y), [0, 1 / keep], rtol=1e-6)

    def test_masks_differ_between_calls_and_agree_between_seeds(self):
        x = ops.ones((20, 20))
        draws = []
        for _ in range(2):
            layer = InvertedDropout(0.5, seed=7)
            draws.append([ops.convert_to_numpy(layer(x, training=True)) for _ in range(2)])
        np.testing.assert_array_equal(draws[0], draws[1])
        assert (draws[0][0] != draws[0][1]).any()

    @pytest.mark.parametrize("keep_prob", [0, -0.1, 1.1, "all"])
    def test_refuses_what_is_no_probability(self, keep_prob):
        with pytest.raises(ValueError, match="InvertedDropout: keep_prob must be"):
            InvertedDropout(keep_prob)


@pytest.mark.backend
class TestStochasticDepth:
    def test_a_sample_keeps_all_or_nothing(self):
        keep = 0.7
        x = ops.ones((20_000, 2, 1, 3))
        y = ops.convert_to_numpy(StochasticDepth(keep, seed=3)(x, training=True))
        samples = y.reshape(len(y), -1)
        np.testing.assert_array_equal(samples.min(axis=1), samples.max(axis=1))
        np.testing.assert_allclose(np.unique(y), [0, 1 / keep], rtol=1e-6)
        error = 5 * np.sqrt((1 - keep) / keep / len(y))
        assert abs(y.mean() - 1) < error

    def test_is_the_identity_at_test_time(self):
        x = RNG.normal(size=(4, 5)).astype("float32")
        np.testing.assert_array_equal(outputs(StochasticDepth(0.3), x), x)

    def test_a_block_without_its_branch_is_its_shortcut(self):
        shape = (64, 3, 3, 4)
        layer = built(MBConv(4, expansion=2, keep_prob=0.5, seed=1), shape)
        x = RNG.normal(size=shape).astype("float32")
        y = ops.convert_to_numpy(layer(ops.convert_to_tensor(x), training=True))
        same = (x == y).all(axis=(1, 2, 3))
        assert 10 < same.sum() < 54  # of 64, half in the mean, deviation 4

    def test_refuses_what_is_no_probability(self):
        with pytest.raises(ValueError, match="StochasticDepth: keep_prob must be"):
            StochasticDepth(0)


@pytest.mark.backend
class TestImagePreprocessing:
    def test_caffe_exchanges_red_and_blue(self):
        layer = ImagePreprocessing(1, (10, 20, 30), (1, 2, 4), "bgr")
        pixel = np.array([[[[200, 100, 50]]]])
        np.testing.assert_array_equal(outputs(layer, pixel), [[[[40, 40, 42.5]]]])

    def test_computes_in_float32_also_under_mixed_precision(self):
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            layer = ImagePreprocessing(1 / 255, (0, 0, 0), (1, 1, 1))
            levels = np.arange(256, dtype="float32").reshape(1, 256, 1, 1).repeat(3, -1)
            assert np.unique(outputs(layer, levels)).size == 256
        finally:
            keras.config.set_dtype_policy("float32")

    def test_says_which_channels_it_wants(self):
        layer = ImagePreprocessing(1, (0, 0, 0), (1, 1, 1), name="pre")
        with pytest.raises(ValueError, match=r"pre: images must have 3 channels.*got 1"):
            layer.build((None, 8, 8, 1))


def test_class_labels_wants_one_a_score():
    with pytest.raises(ValueError, match="got 2 labels for 3 scores"):
        ClassLabels(["a", "b"]).build((None, 3))
    with pytest.raises(
        ValueError, match="one score and 2 labels, because the kind is 'binary'"
    ):
        ClassLabels(["a", "b"], "binary").build((None, 2))
    with pytest.raises(ValueError, match="one score and 0 labels"):
        ClassLabels(["a"], "regression").build((None, 1))
    with pytest.raises(ValueError, match="kind must be one of"):
        ClassLabels(["a"], "softmax")


@pytest.mark.parametrize("kind", [ConvBN, ConvolutionalBlock])
def test_unknown_words_are_refused(kind):
    option = {"padding": "reflect"} if kind is ConvBN else {"stride_on": "expand"}
    with pytest.raises(ValueError, match="must be one of"):
        kind(4, 3, **option)
