"""Boxes to a localiser's vectors and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlzoo.detection import object_vectors, read_objects

SIZE = (48, 64)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 40),
    st.integers(0, 30),
    st.integers(1, 24),
    st.integers(1, 18),
    st.integers(0, 2),
)
def test_round_trip(x, y, width, height, label):
    box = [x, y, x + width, y + height]
    points = [[[[x, y], [x + width, y]]]]
    vectors = object_vectors([[box]], [[label]], SIZE, 3, points=points)
    assert vectors.shape == (1, 5 + 3 + 4)
    found = read_objects(vectors, SIZE, landmarks=2)
    np.testing.assert_allclose(found["boxes"], [box], atol=1e-4)
    np.testing.assert_allclose(found["points"][0], points[0][0], atol=1e-4)
    assert (found["classes"][0], found["scores"][0]) == (label, 1)


def test_the_largest_object_counts_and_what_is_none_does_not():
    boxes = [
        [[0, 0, 5, 5], [10, 10, 30, 30], [0, 0, 64, 48]],  # the last is padding
        [[7, 7, 7, 9], [9, 9, 3, 3], [0, 0, 0, 0]],  # of no area
        [[0, 0, 0, 0]] * 3,
    ]
    classes = [[0, 2, -1], [0, 1, -1], [-1, -1, -1]]
    vectors = object_vectors(boxes, classes, SIZE, 3)
    assert (vectors[1:] == 0).all()
    found = read_objects(vectors[:1], SIZE)
    np.testing.assert_allclose(found["boxes"], [[10, 10, 30, 30]], atol=1e-5)
    assert found["classes"].tolist() == [2]
    assert "points" not in found


def test_no_boxes_at_all():
    vectors = object_vectors(np.zeros((2, 0, 4)), np.zeros((2, 0), int), SIZE, 3)
    assert vectors.tolist() == [[0.0] * 8] * 2


@pytest.mark.parametrize(
    "boxes, classes, count, words",
    [
        (np.zeros((2, 4)), np.zeros(2, int), 1, r"must be \(images, most, 4\)"),
        (np.zeros((2, 3, 4)), np.zeros((2, 2), int), 1, r"got \(2, 3, 4\) and \(2, 2\)"),
        (np.zeros((1, 1, 4)), [[3]], 3, "classes must be below count, 3, or -1"),
        (np.zeros((1, 1, 4)), [[0]], 0, "count must be a whole number of at least 1"),
    ],
)
def test_refuses(boxes, classes, count, words):
    with pytest.raises(ValueError, match=words):
        object_vectors(boxes, classes, SIZE, count)
