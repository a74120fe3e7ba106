"""What every network of the zoo must do, on every row of the table."""

import re

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.testing import gradients
from tests.models.facts import check_work
from tests.models.zoo import (
    answer,
    built,
    count,
    each_first_row,
    each_row,
    each_row_costly,
    fill,
    images,
)

USUAL = ({}, {"alpha": 1.0}, {"batch_norm": False}, {"auxiliary": False})


@pytest.fixture
def mixed_bfloat16(row):
    built(row)  # before the policy changes
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


@each_row
def test_parameters_are_those_published(row):
    card = dlzoo.card(row.name)
    model = row.build(classes=card.classes, input_shape=card.input_shape)
    assert count(model) == row.parameters
    if row.options in USUAL:  # what a card tells of
        assert dlzoo.card(row.name).parameters[row.origin] == row.parameters
        check_work(model, row.name, row.origin)


@each_row_costly
@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_the_body_alone(row, pooling):
    side = row.smallest
    model = row.build(classes=0, pooling=pooling, input_shape=(side, side, 3))
    shape = row.body if pooling is None else row.body[-1:]
    assert model.output_shape == (None, *shape)
    assert answer(model, images(2, side, side, 3)).shape == (2, *shape)


@each_first_row
@pytest.mark.parametrize("pooling, reduce", [("avg", np.mean), ("max", np.max)])
def test_pooling_is_over_height_and_width(row, pooling, reduce):
    x = images(2, row.size, row.size, 3)
    body = fill(row.build(classes=0), row.gain)
    pooled = row.build(classes=0, pooling=pooling)
    pooled.set_weights(body.get_weights())
    np.testing.assert_allclose(
        answer(pooled, x), reduce(answer(body, x), axis=(1, 2)), rtol=1e-4, atol=1e-4
    )


@each_row_costly
def test_the_head_answers_probabilities(row):
    side = row.smallest
    model = row.build(input_shape=(side, side, 3))
    assert model.output_shape == (None, 10)
    rows = answer(model, images(2, side, side, 3))
    assert rows.shape == (2, 10)
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-5)
    assert (rows >= 0).all()


@each_row_costly
def test_sides_of_any_size(row):
    some = {"classes": 0} if row.fixed_head else {"classifier_activation": None}
    fixed = fill(row.build(**some), row.gain) if row.fixed_head else built(row)
    anything = row.build(input_shape=(None, None, 3), **some)
    anything.set_weights(fixed.get_weights())
    got = answer(anything, images(1, row.smallest + 13, row.smallest + 6, 3))
    assert got.shape == (1, *got.shape[1:-1], anything.output_shape[-1])
    assert np.isfinite(got).all()
    square = images(2, row.size, row.size, 3)
    np.testing.assert_allclose(
        answer(anything, square), answer(fixed, square), rtol=1e-4, atol=1e-4
    )


@each_row_costly
def test_every_weight_learns(row):
    model = built(row)
    x = images(4, row.size, row.size, 3)
    projection = images(4, 10, seed=1)
    state = [v.value for v in model.non_trainable_variables]

    def objective(values):
        scores, _ = model.stateless_call(list(values), state, x, training=True)
        return keras.ops.sum(scores * projection)

    weights = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
    slopes = dict(zip(weights, gradients(objective, list(weights.values())), strict=True))
    assert all(np.isfinite(slope).all() for slope in slopes.values())
    silent = {path for path in slopes if re.search(row.no_gradient, path)}
    assert [path for path in slopes.keys() - silent if not np.abs(slopes[path]).max() > 0] == []
    for path in silent:
        kernel = slopes[path.replace("/bias", "/kernel")]
        assert np.abs(slopes[path]).max() < 1e-3 * np.abs(kernel).max()


@pytest.mark.backend  # where it stands for the test above: every weight changes
@each_first_row
def test_a_training_step(row):
    keras.utils.set_random_seed(0)
    model = row.build()
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    before = [keras.ops.convert_to_numpy(v) for v in model.variables]
    x = keras.ops.convert_to_numpy(images(4, row.size, row.size, 3))
    loss = model.train_on_batch(x, np.array([0, 3, 5, 9]))
    assert np.isfinite(loss)
    for variable, old in zip(model.variables, before, strict=True):
        new = keras.ops.convert_to_numpy(variable)
        assert np.isfinite(new).all()
        if not re.search(row.no_gradient, variable.path) and "seed" not in variable.path:
            assert (new != old).any(), variable.path


@each_row_costly
def test_mixed_precision(row, mixed_bfloat16):
    mixed = row.build(classifier_activation=None)
    mixed.set_weights(built(row).get_weights())
    assert all(v.dtype == "float32" for v in mixed.trainable_variables)
    assert mixed.dtype_policy.name == "mixed_bfloat16"
    assert mixed.get_layer("head").compute_dtype == "float32"
    x = images(4, row.size, row.size, 3)
    got = mixed(x, training=False)
    assert keras.backend.standardize_dtype(got.dtype) == "float32"
    got, expected = keras.ops.convert_to_numpy(got), answer(built(row), x)
    assert np.isfinite(got).all()
    # bfloat16 has 8 bits; rounding adds up over up to 150 layers.
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.1 * expected.std()


@each_first_row
def test_a_training_step_in_mixed_precision(row, mixed_bfloat16):
    model = row.build()
    model.compile(
        keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", run_eagerly=True
    )
    x = keras.ops.convert_to_numpy(images(4, row.size, row.size, 3))
    assert np.isfinite(model.train_on_batch(x, np.array([0, 3, 5, 9])))
    for variable in model.variables:
        assert np.isfinite(keras.ops.convert_to_numpy(variable)).all()


@each_first_row
def test_the_seed_decides(row):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return row.build().get_weights()

    first, again, other = weights(1), weights(1), weights(2)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


@each_row
def test_the_smallest_input(row):
    side = row.smallest
    assert dlzoo.card(row.name).minimum_size == side
    for shape, word in (((side - 1, side, 3), "height"), ((side, side - 1, 3), "width")):
        message = f"{row.name}: {word} must be at least {side} pixels"
        with pytest.raises(ValueError, match=message):
            row.build(input_shape=shape)
