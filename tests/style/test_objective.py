"""The objective against NumPy and central differences, and what minimises it."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.style import Objective, Terms, feature_network
from dlzoo.style.objective import ORIGINS
from dlzoo.style.optimisers import LBFGS, Adam
from dlzoo.style.slopes import value_and_slope
from tests.style.small import network, picture

CONTENT, STYLE, OTHER = (
    picture(*size, seed).astype("float32")[None]
    for size, seed in (((8, 12), 1), ((10, 6), 2), ((6, 6), 3))
)
SHARES = {"stage1_conv1": 0.25, "stage2_conv1": 0.75}


def terms(origin="balanced", **changes):
    usual = {"blend": (0.8, 0.2), "content_weight": 2.0, "style_weight": 3.0}
    return Terms(
        {"stage2_conv1": 1.0},
        SHARES,
        **usual | {"total_variation": 5.0, "origin": origin} | changes,
    )


def objective(activation="relu", **changes):
    cut = feature_network(network(activation), layers=list(SHARES))
    return Objective(cut, terms(**changes), CONTENT, [STYLE, OTHER]), cut


def features(cut, pixels):
    """Float64, from the convolution on as NumPy sees it."""
    found = cut(pixels.astype("float32"))
    return {
        name: ops.convert_to_numpy(value).astype("float64") for name, value in found.items()
    }


def gram(x):
    flat = x.reshape(-1, x.shape[-1])
    return flat.T @ flat / len(flat)


def by_hand(cut, pixels, wanted):
    """Content, style and variation by the formulas."""
    found, content = features(cut, pixels), features(cut, CONTENT)["stage2_conv1"]
    relative = wanted.origin == "balanced"
    squares = (found["stage2_conv1"] - content) ** 2
    if relative:
        first = squares.mean() / (content**2).mean()
    else:
        first = {"paper": squares.sum() / 2, "course": squares.mean() / 4}.get(
            wanted.origin, squares.mean()
        )
    second = 0.0
    for style, part in zip((STYLE, OTHER), wanted.blend, strict=True):
        painted = features(cut, style)
        for name, share in SHARES.items():
            goal, got = gram(painted[name]), gram(found[name])
            distance = ((got - goal) ** 2).mean()
            channels = len(goal)
            unit = (
                (goal**2).mean() if relative else channels**2 if wanted.origin == "torch" else 4
            )
            second += part * share * distance / unit
    down, right = np.diff(pixels, axis=1) ** 2, np.diff(pixels, axis=2) ** 2
    rough = down.sum() + right.sum()
    third = rough / (255**2 * pixels.size) if relative else rough
    return np.array([2.0 * first, 3.0 * second, 5.0 * third])


@pytest.mark.parametrize("origin", ORIGINS)
def test_objective_is_the_formula(origin):
    function, cut = objective(origin=origin)
    pixels = picture(8, 12, seed=4).astype("float64")[None]
    j, parts = function(pixels.astype("float32"))
    expected = by_hand(cut, pixels, function.terms)
    np.testing.assert_allclose(ops.convert_to_numpy(parts), expected, rtol=2e-5)
    assert float(j) == pytest.approx(expected.sum(), rel=2e-5)


@pytest.mark.backend
def test_slope_equals_central_differences():
    function, cut = objective("tanh")  # smooth, so that differences are exact
    pixels = picture(8, 12, seed=4).astype("float32")[None]
    value, parts, slope = value_and_slope(function, cut.variables)(pixels)
    assert value == pytest.approx(by_hand(cut, pixels, function.terms).sum(), rel=1e-4)
    assert value == pytest.approx(parts.sum(), rel=1e-6)
    assert (slope.shape, slope.dtype) == (pixels.shape, np.dtype("float32"))
    rng = np.random.default_rng(0)
    for _ in range(4):
        direction = rng.choice([-1.0, 1.0], pixels.shape)
        ends = [by_hand(cut, pixels + h * direction, function.terms).sum() for h in (1, -1)]
        assert (slope * direction).sum() == pytest.approx((ends[0] - ends[1]) / 2, rel=0.02)


def test_zero_where_everything_is_reached():
    cut = feature_network(network(), layers=list(SHARES))
    function = Objective(cut, terms(blend=(1.0,), total_variation=0.0), CONTENT, [CONTENT])
    assert float(function(CONTENT)[0]) == 0.0


def counted(slope):
    calls = []

    def count(pixels):
        result = slope(pixels)
        calls.append(result[0])
        return result

    return count, calls


def test_lbfgs_is_lower_than_adam_after_as_many_evaluations():
    function, cut = objective()
    slope, calls = counted(value_and_slope(function, cut.variables))
    steps = []
    LBFGS().run(slope, CONTENT, (), 30, lambda picture, loss, parts: steps.append(loss))
    evaluations, lbfgs = len(calls), min(steps)
    assert steps == sorted(steps, reverse=True)
    assert len(steps) == 30
    calls.clear()
    Adam().run(slope, CONTENT, (), evaluations, lambda *_: None)
    assert lbfgs < min(calls) < 0.7 * calls[0]


def test_adam_is_keras_adam():
    slope = value_and_slope(lambda x: (ops.sum((x - 100) ** 4), ops.zeros(3)))
    found, _ = Adam(2.0).run(slope, CONTENT, (), 7, lambda *_: None)
    variable = keras.Variable(CONTENT)
    optimizer = keras.optimizers.Adam(2.0, beta_2=0.9, epsilon=1e-20)
    for _ in range(7):
        gradient = 4 * (ops.convert_to_numpy(variable) - 100) ** 3
        optimizer.apply([ops.convert_to_tensor(gradient)], [variable])
        variable.assign(ops.clip(variable, 0, 255))
    np.testing.assert_allclose(found, ops.convert_to_numpy(variable), rtol=1e-4, atol=1e-2)


def test_adams_rate_falls_over_the_steps_also_from_segment_to_segment():
    """Of a slope that is the same everywhere, each step is as long as the rate."""
    slope = value_and_slope(lambda x: (ops.sum(x), ops.zeros(3)))
    start, seen = np.full((1, 2, 2, 3), 200.0, "float32"), []
    adam, state, picture = Adam(8.0, over=6), (), start
    for part in (2, 4):
        picture, state = adam.run(
            slope, picture, state, part, lambda picture, *_: seen.append(picture[0, 0, 0, 0])
        )
    steps = -np.diff([200.0, *seen])
    along = 0.5 * (1 + np.cos(np.pi * np.arange(6) / 5))
    np.testing.assert_allclose(steps, 8 * (0.05 + 0.95 * along), rtol=1e-4)


def test_lbfgs_stops_where_nothing_can_be_gained():
    slope = value_and_slope(lambda x: (ops.sum(x) * 0.0, ops.zeros(3)))
    seen = []
    found, _ = LBFGS().run(slope, CONTENT, (), 5, lambda *_: seen.append(1))
    np.testing.assert_array_equal(found, CONTENT)
    assert not seen


def test_lbfgs_finds_the_minimum_within_the_range():
    """Of a quadratic function whose minimum lies outside for some pixels."""
    rng = np.random.default_rng(0)
    goal, curvature = rng.uniform(-80, 335, CONTENT.shape), rng.uniform(1, 50, CONTENT.shape)

    def function(x):
        return ops.sum(curvature.astype("f4") * (x - goal.astype("f4")) ** 2), ops.zeros(3)

    found, _ = LBFGS().run(value_and_slope(function), CONTENT, (), 60, lambda *_: None)
    np.testing.assert_allclose(found, np.clip(goal, 0, 255), atol=0.5)
