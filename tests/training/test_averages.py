"""Averages over the past, as the course defines them."""

import numpy as np
import pytest

from dlzoo.training import ewa


def test_the_formula():
    values = np.array([40.0, 49.0, 45.0, 44.0])
    average, expected, corrected = 0.0, [], []
    for t, value in enumerate(values, start=1):
        average = 0.9 * average + 0.1 * value
        expected.append(average)
        corrected.append(average / (1 - 0.9**t))
    np.testing.assert_allclose(ewa(values, 0.9, bias_correction=False), expected)
    np.testing.assert_allclose(ewa(values, 0.9), corrected)


def test_the_courses_temperatures():
    """v1 = 0.8 and v2 = 15.7 are far below; corrected, the second is about 47."""
    slow = ewa([40, 49], beta=0.98, bias_correction=False)
    assert slow.tolist() == pytest.approx([0.8, 1.764])
    assert ewa([40, 49], beta=0.98)[1] == pytest.approx((0.0196 * 40 + 0.02 * 49) / 0.0396)


def test_corrected_weights_add_up_to_one():
    np.testing.assert_allclose(ewa(np.full((50, 2, 3), 7.0), beta=0.99), 7.0)
    np.testing.assert_array_equal(ewa([3.0, 1.0], beta=0), [3.0, 1.0])
    assert ewa([]).shape == (0,)


@pytest.mark.parametrize(
    "values, beta, match",
    [
        ([1.0], 1, "beta must be below 1"),
        ([1.0], 1.5, "beta must be between 0 and 1; got 1.5"),
        (3.0, 0.9, "values must be a sequence; got the number 3.0"),
    ],
)
def test_bad_arguments(values, beta, match):
    with pytest.raises(ValueError, match=match):
        ewa(values, beta)
