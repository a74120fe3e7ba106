"""What trains and what does not, above all batch normalisation (keras-team/keras#20285)."""

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.training import (
    batch_normalizations,
    changing_variables,
    limit_batch_norm_momentum,
    network_stages,
    sublayers,
    train_only,
)


def convolutional(name=None):
    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(x)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name=name)


def flat():
    base = convolutional()
    return keras.Model(base.input, keras.layers.Dense(2)(base.output))


def nested():
    image = keras.Input((16, 16, 3))
    return keras.Model(image, keras.layers.Dense(2)(convolutional()(image)))


def nested_in_inference_mode():
    image = keras.Input((16, 16, 3))
    x = convolutional()(image, training=False)
    return keras.Model(image, keras.layers.Dense(2)(x))


def composite():
    return dlzoo.models.resnet18(input_shape=(32, 32, 3), classes=2)


def statistics(model):
    return [
        keras.ops.convert_to_numpy(value)
        for layer in batch_normalizations(model)
        for value in (layer.moving_mean, layer.moving_variance)
    ]


def numbers(model):
    return [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]


@pytest.mark.parametrize("build", [flat, nested, nested_in_inference_mode, composite])
def test_moving_statistics_do_not_change_by_one_bit(build):
    model = build()
    everything = [layer for stage in network_stages(model) for layer in stage]
    train_only(model, everything)
    before = statistics(model)
    kernels = numbers(model)
    images = np.random.default_rng(0).normal(5, 3, (8, *model.input_shape[1:]))
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(images, np.ones((8, 2)), epochs=2, verbose=0)
    assert before
    for old, new in zip(before, statistics(model), strict=True):
        np.testing.assert_array_equal(old, new)
    changed = [(a != b).any() for a, b in zip(kernels, numbers(model), strict=True)]
    assert any(changed)


def test_batch_normalization_trains_if_asked():
    model = flat()
    train_only(model, model.layers, freeze_batch_norm=False)
    before = statistics(model)
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(np.ones((8, 16, 16, 3)), np.ones((8, 2)), verbose=0)
    assert any((a != b).any() for a, b in zip(before, statistics(model), strict=True))


def test_train_only_finds_layers_inside_nested_models():
    model = nested()
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    train_only(model, [base.layers[-3], model.layers[-1]])
    names = {weight.path.split("/")[-2] for weight in model.trainable_weights}
    assert names == {base.layers[-3].name, model.layers[-1].name}
    train_only(model, [model.layers[-1]])
    assert len(model.trainable_weights) == 2


def test_stages_by_name_and_by_resolution():
    ours = network_stages(dlzoo.models.resnet18(input_shape=(64, 64, 3)))
    firsts = [stage[0].name for stage in ours]
    assert firsts[0] == "stem"
    assert [name.split("_")[0] for name in firsts[1:]] == [
        "stage1",
        "stage2",
        "stage3",
        "stage4",
    ]
    assert ours[-1][-1].name == "head"
    theirs = network_stages(convolutional())
    assert [[type(x).__name__ for x in stage] for stage in theirs] == [
        ["Conv2D", "BatchNormalization"],
        ["Conv2D", "BatchNormalization"],
    ]


def test_changing_variables_leave_out_what_is_frozen_and_keep_random_seeds():
    image = keras.Input((4,))
    frozen, learning = keras.layers.Dense(3), keras.layers.Dense(2)
    model = keras.Model(image, learning(keras.layers.Dropout(0.5)(frozen(image))))
    train_only(model, [learning])
    names = [variable.path for variable in changing_variables(model)]
    assert len(names) == 3
    assert any("seed" in name for name in names)
    assert not any(name.startswith(frozen.name + "/") for name in names)


def test_momentum_is_limited_only_where_statistics_are_learnt():
    model = flat()
    first, second = batch_normalizations(model)
    first.trainable = False
    limit_batch_norm_momentum(model, steps_per_epoch=20)
    assert (first.momentum, second.momentum) == (0.99, 0.95)


def test_sublayers_reach_into_composite_layers():
    inside = {type(layer).__name__ for layer in sublayers(composite())}
    assert {"Conv2D", "BatchNormalization"} <= inside
