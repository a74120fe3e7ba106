"""The penalty is on kernels and nothing else, is felt, and is the weight decay of SGD."""

import keras
import numpy as np
import pytest

from dlzoo.layers import ConvBN
from dlzoo.training import decay_kernels


def network():
    """Every kind of kernel, biases and normalisation; a nested model; a block of layers."""
    layers = keras.layers
    inner_in = keras.Input((6, 6, 4))
    inner = keras.Model(inner_in, layers.DepthwiseConv2D(3, name="deep")(inner_in), name="in")
    image = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 1, name="conv")(image)
    x = layers.BatchNormalization(name="bn")(x)
    x = inner(x)
    x = layers.SeparableConv2D(4, 1, name="apart")(x)
    x = ConvBN(4, 1, name="block")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(2, name="head")(x))
    for weight in model.trainable_weights:
        weight.assign(np.random.default_rng(len(weight.path)).normal(size=weight.shape))
    return model


def kernels(model):
    return [w for w in model.trainable_weights if w.name.endswith("kernel")]


def total(model):
    return float(sum(keras.ops.convert_to_numpy(loss) for loss in model.losses))


def penalty(model, l1, l2):
    values = [keras.ops.convert_to_numpy(kernel) for kernel in kernels(model)]
    return sum(l1 * abs(value).sum() + l2 * (value**2).sum() for value in values)


@pytest.mark.backend
def test_every_kernel_and_nothing_else():
    model = network()
    paths = decay_kernels(model, l1=0.1, l2=0.01)
    assert len(paths) == len(kernels(model)) == 6
    assert set(paths) == {kernel.path for kernel in kernels(model)}
    assert len(model.losses) == 6
    assert total(model) == pytest.approx(penalty(model, 0.1, 0.01), rel=1e-5)


def test_twice_is_once_and_zero_takes_it_away():
    model = network()
    decay_kernels(model, l2=0.5)
    decay_kernels(model, l2=0.01)
    once = total(model)
    assert once == pytest.approx(penalty(model, 0, 0.01), rel=1e-5)
    decay_kernels(model, l2=0.01)
    assert total(model) == once
    decay_kernels(model)
    assert model.losses == []


def test_frozen_kernels_have_none():
    model = network()
    decay_kernels(model, l2=0.01)
    model.get_layer("in").trainable = False
    assert len(model.losses) == 5


def test_loaded_models(tmp_path):
    model = network()
    decay_kernels(model, l2=0.01)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert len(again.losses) == 5  # all but the kernel inside the block
    decay_kernels(again, l2=0.01)
    assert total(again) == pytest.approx(total(model), rel=1e-5)
    decay_kernels(again)
    again.save(tmp_path / "again.keras")
    assert keras.saving.load_model(tmp_path / "again.keras").losses == []


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 6, 6, 3)).astype("float32"), rng.integers(0, 2, 8)


def trained(decay, weight_decay, optimizer=keras.optimizers.SGD):
    """The trainable weights after three steps."""
    model = network()
    if decay:
        decay_kernels(model, l2=decay)
    built = optimizer(0.01, weight_decay=weight_decay)
    if weight_decay:
        built.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(built, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(*data(), batch_size=8, epochs=3, shuffle=False, verbose=0)
    return [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]


def largest_difference(first, second):
    return max(abs(a - b).max() for a, b in zip(first, second, strict=True))


@pytest.mark.backend
def test_equals_the_weight_decay_of_sgd():
    plain, by_loss, by_optimizer = trained(0, None), trained(0.5, None), trained(0, 1.0)
    assert largest_difference(by_loss, by_optimizer) < 1e-5
    assert largest_difference(by_loss, plain) > 1e-2


@pytest.mark.slow
def test_differs_from_the_weight_decay_of_adam():
    adam = keras.optimizers.Adam
    assert largest_difference(trained(0.5, None, adam), trained(0, 1.0, adam)) > 1e-3


def test_is_felt_by_a_model_that_was_trained_before():
    model = network()
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    images, labels = data()
    before = model.fit(images, labels, verbose=0).history["loss"][0]
    decay_kernels(model, l2=1.0)
    after = model.fit(images, labels, verbose=0).history["loss"][0]
    assert after - before == pytest.approx(penalty(model, 0, 1.0), rel=1e-3)


def test_what_cannot_be_decayed():
    with pytest.raises(ValueError, match="l2 must be between 0 and inf; got -1"):
        decay_kernels(network(), l2=-1)
    with pytest.raises(ValueError, match="must be built"):
        decay_kernels(keras.Sequential([keras.layers.Dense(2)]), l2=0.1)
    with pytest.raises(ValueError, match="has no kernels"):
        decay_kernels(keras.Sequential([keras.Input((2,)), keras.layers.ReLU()]), l2=0.1)
