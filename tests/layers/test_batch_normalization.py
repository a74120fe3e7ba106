"""Ours equals Keras's and float64 NumPy in outputs, gradients and averages."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import BatchNormalization
from dlzoo.models import Network
from dlzoo.testing import gradient_check, gradients

RNG = np.random.default_rng(0)
IMAGES, VECTORS = (6, 5, 4, 3), (16, 3)
ROUNDING = {"float32": 2e-6, "bfloat16": 1.6e-2, "float16": 2e-3}

pytestmark = pytest.mark.backend


def pair(shape, **options):
    """Our layer and Keras's with the same random weights."""
    layers = BatchNormalization(**options), keras.layers.BatchNormalization(**options)
    for layer in layers:
        layer.build(shape)
    for ours, theirs in zip(*(layer.variables for layer in layers), strict=True):
        value = RNG.uniform(0.5, 1.5, ours.shape)
        ours.assign(value)
        theirs.assign(value)
    return layers


def images(shape, dtype="float32"):
    return ops.convert_to_tensor(RNG.normal(2, 3, shape), dtype)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


@pytest.mark.parametrize("shape", [IMAGES, VECTORS])
@pytest.mark.parametrize("training", [True, False])
def test_is_the_formula_in_float64(shape, training):
    ours, _ = pair(shape, momentum=0.9, epsilon=1e-3)
    gamma, beta, mean, variance = (numpy(v).astype("float64") for v in ours.variables)
    x = images(shape)
    batch = numpy(x).astype("float64").reshape(-1, 3)
    expected_mean = 0.9 * mean + 0.1 * batch.mean(0) if training else mean
    expected_variance = 0.9 * variance + 0.1 * batch.var(0) if training else variance
    if training:
        mean, variance = batch.mean(0), batch.var(0)
    expected = gamma * (numpy(x) - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(numpy(ours(x, training=training)), expected, atol=1e-5)
    np.testing.assert_allclose(numpy(ours.moving_mean), expected_mean, rtol=1e-5)
    np.testing.assert_allclose(numpy(ours.moving_variance), expected_variance, rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("training", [True, False])
def test_equals_keras(options, dtype, training):
    policy = "float32" if dtype == "float32" else f"mixed_{dtype}"
    ours, theirs = pair(IMAGES, dtype=policy, **options)
    x = images(IMAGES, dtype)
    outputs = [layer(x, training=training) for layer in (ours, theirs)]
    assert outputs[0].dtype == outputs[1].dtype
    tolerance = ROUNDING[dtype]
    np.testing.assert_allclose(*map(numpy, outputs), rtol=tolerance, atol=5 * tolerance)
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(numpy(mine), numpy(other), rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_equal_keras(training):
    ours, theirs = pair(IMAGES)
    x = RNG.normal(2, 3, IMAGES).astype("float32")
    weights = RNG.normal(size=IMAGES).astype("float32")
    found = []
    for layer in (ours, theirs):

        def objective(values, layer=layer):
            y, _ = layer.stateless_call(
                values[1:],
                [ops.convert_to_numpy(v) for v in layer.non_trainable_variables],
                values[0],
                training=training,
            )
            return ops.sum(y * ops.convert_to_tensor(weights))

        trainable = [ops.convert_to_numpy(v) for v in layer.trainable_variables]
        found.append(gradients(objective, [x, *trainable]))
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_a_bias_is_as_good_as_added(training, frozen):
    """With the bias folded in: outputs, gradients and averages as if it had been added."""
    bias = RNG.normal(size=3).astype("float32")
    x = RNG.normal(2, 3, IMAGES).astype("float32")
    weights = ops.convert_to_tensor(RNG.normal(size=IMAGES).astype("float32"))
    found = []
    for layer in pair(IMAGES):
        layer.trainable = not frozen
        state = [ops.convert_to_numpy(v) for v in layer.non_trainable_variables]
        trained = [ops.convert_to_numpy(v) for v in layer.trainable_variables]
        ours = isinstance(layer, BatchNormalization)

        def run(values, layer=layer, state=state, ours=ours):
            images, bias, *trained = values
            images = images if ours else images + bias
            options = {"bias": bias} if ours else {}
            return layer.stateless_call(trained, state, images, training=training, **options)

        slopes = gradients(lambda v, run=run: ops.sum(run(v)[0] * weights), [x, bias, *trained])
        outputs, state = run([ops.convert_to_tensor(v) for v in (x, bias, *trained)])
        found.append([numpy(outputs), *map(numpy, state), *slopes])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [IMAGES, VECTORS])
@pytest.mark.parametrize("training", [True, False])
def test_gradient_check(shape, training):
    assert gradient_check(BatchNormalization(), shape, training=training).passed


def test_a_batch_of_one_pixel_has_no_variance():
    ours, theirs = pair((1, 1, 1, 3))
    x = images((1, 1, 1, 3))
    np.testing.assert_allclose(
        numpy(ours(x, training=True)), numpy(theirs(x, training=True)), atol=1e-5
    )
    np.testing.assert_allclose(
        numpy(ours.moving_variance), numpy(theirs.moving_variance), rtol=1e-5
    )


def test_frozen_means_inference_mode():
    ours, _ = pair(IMAGES)
    x = images(IMAGES)
    inference = numpy(ours(x, training=False))
    ours.trainable = False
    before = [numpy(v) for v in ours.variables]
    np.testing.assert_array_equal(numpy(ours(x, training=True)), inference)
    for old, variable in zip(before, ours.variables, strict=True):
        np.testing.assert_array_equal(old, numpy(variable))


def body(layer):
    image = keras.Input((4, 4, 3))
    return Network(image, layer(image))


@pytest.mark.parametrize("nesting", [1, 2])
def test_called_with_training_false_stays_in_inference_mode(nesting, tmp_path):
    """keras-team/keras#20285: in 3.15.1 `fit` changes the averages of such a base."""
    base = body(BatchNormalization(momentum=0.5))
    model = base
    for _ in range(nesting):
        image = keras.Input((4, 4, 3))
        model = Network(image, model(image, training=False))
    image = keras.Input((4, 4, 3))
    x = keras.layers.GlobalAveragePooling2D()(model(image))
    outer = keras.Model(image, keras.layers.Dense(1)(x))
    outer.save(tmp_path / "outer.keras")
    for trained in (outer, keras.saving.load_model(tmp_path / "outer.keras")):
        averages = [v for v in trained.variables if "moving" in v.path]
        before = [numpy(v) for v in averages]
        trained.compile("sgd", "mse")
        trained.fit(images((8, 4, 4, 3)), np.ones((8, 1)), epochs=2, verbose=0)
        assert len(averages) == 2
        for old, variable in zip(before, averages, strict=True):
            np.testing.assert_array_equal(old, numpy(variable))


def test_a_base_called_plainly_follows_the_outer_model():
    base = body(BatchNormalization(momentum=0.5))
    image = keras.Input((4, 4, 3))
    outer = keras.Model(image, base(image))
    before = numpy(base.layers[-1].moving_mean)
    outer(images((8, 4, 4, 3)), training=True)
    assert np.abs(numpy(base.layers[-1].moving_mean) - before).max() > 0.1


def test_config_round_trip():
    layer = BatchNormalization(momentum=0.7, epsilon=1e-4, scale=False, name="mine")
    copy = BatchNormalization.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert isinstance(layer, keras.layers.BatchNormalization)
