"""The stratified split: disjoint, complete, fair to every class, reproducible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.data.splits import FRACTIONS, split_indices
from dlzoo.errors import DataError

labels_and_fractions = st.tuples(
    st.lists(st.integers(4, 60), min_size=1, max_size=5),  # images of each class
    st.sampled_from(
        [
            FRACTIONS,
            {"train": 0.5, "test": 0.5},
            {"train": 0.98, "dev": 0.01, "test": 0.01},
            {"train": 1.0},
        ]
    ),
    st.integers(0, 2**32 - 1),
)


def shuffled(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(labels)


@given(labels_and_fractions)
def test_disjoint_complete_and_fair(case):
    counts, fractions, seed = case
    labels = shuffled(counts, seed)
    parts = split_indices(labels, fractions, seed)
    assert list(parts) == list(fractions)
    together = np.concatenate(list(parts.values()))
    assert sorted(together) == list(range(len(labels)))
    for label, count in enumerate(counts):
        given_away = 0.0  # images that a rounding up to 1 took from the other parts
        for fraction in fractions.values():
            given_away += max(0.0, 1 - count * fraction)
        for name, fraction in fractions.items():
            got = np.count_nonzero(labels[parts[name]] == label)
            assert got >= 1
            assert abs(got - count * fraction) <= 1 + given_away


@given(labels_and_fractions)
def test_reproducible(case):
    counts, fractions, seed = case
    labels = shuffled(counts, 0)
    first = split_indices(labels, fractions, seed)
    again = split_indices(labels, fractions, seed)
    for name in fractions:
        np.testing.assert_array_equal(first[name], again[name])


def test_another_seed_is_another_split():
    labels = shuffled([50, 50], 0)
    first, second = (split_indices(labels, FRACTIONS, seed)["train"] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_the_fate_of_one_class_does_not_hang_on_the_names():
    numbers = shuffled([20, 30], 0)
    texts = np.array(["cat", "dog"])[numbers]
    for name, indices in split_indices(numbers, FRACTIONS).items():
        np.testing.assert_array_equal(indices, split_indices(texts, FRACTIONS)[name])


@given(labels_and_fractions, st.lists(st.integers(1, 6), min_size=40, max_size=40))
def test_groups_stay_together(case, sizes):
    counts, fractions, seed = case
    labels, groups = [], []
    for label, count in enumerate(counts):  # `count` groups of each class
        for number in range(count):
            size = sizes[number % len(sizes)]
            labels += [label] * size
            groups += [f"{label}-{number}"] * size
    labels, groups = np.array(labels), np.array(groups)
    parts = split_indices(labels, fractions, seed, groups)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(labels)))
    seen = [set(groups[indices]) for indices in parts.values()]
    assert sum(map(len, seen)) == len(set().union(*seen))
    for indices in parts.values():
        assert set(labels[indices]) == set(range(len(counts)))


def test_large_groups_leave_something_for_every_part():
    labels, groups = ["a"] * 8, [0, 0, 1, 1, 2, 2, 3, 3]
    parts = split_indices(labels, FRACTIONS, groups=groups)
    assert {name: len(indices) for name, indices in parts.items()} == dict.fromkeys(
        FRACTIONS, 2
    )


@pytest.mark.parametrize(
    "labels, groups, message",
    [
        (["a"] * 9 + ["b"] * 3, None, "class 'b' has 3 different images, and 4 are"),
        (["a"] * 9 + ["b"], None, "class 'b' has 1 different image, and 4 are"),
        (["a"] * 9, [0] * 9, "class 'a' has 1 different image, and 4 are needed"),
    ],
)
def test_too_few(labels, groups, message):
    with pytest.raises(DataError, match=message):
        split_indices(labels, FRACTIONS, groups=groups)


@pytest.mark.parametrize(
    "fractions", [{}, {"train": 0.5}, {"train": 1.2, "test": -0.2}, {"train": 1, "a": 0}]
)
def test_fractions_that_are_none(fractions):
    with pytest.raises(ValueError, match="must be positive and add up to 1"):
        split_indices(["a"] * 9, fractions)


def test_groups_of_another_length():
    with pytest.raises(ValueError, match="the same length; got 3 and 2"):
        split_indices(["a", "b", "c"], {"train": 1.0}, groups=[0, 1])
