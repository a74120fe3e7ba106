"""The course's rules, and what holds for every split."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.errors import DataError
from dlzoo.training import split

PARTS = ["train", "dev", "test"]


def shares(parts):
    return {name: len(parts[name]) / len(parts.labels) for name in parts.parts}


def shuffled(counts, seed=0):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(labels)


@pytest.mark.parametrize(
    "count, expected",
    [
        (100, (0.6, 0.2, 0.2)),
        (10_000, (0.6, 0.2, 0.2)),
        (100_000, (0.8, 0.1, 0.1)),
        pytest.param(1_000_000, (0.98, 0.01, 0.01), marks=pytest.mark.slow),
    ],
)
def test_small_sets_and_a_million(count, expected):
    got = shares(split(np.arange(count) % 2))
    assert got == pytest.approx(dict(zip(PARTS, expected, strict=True)), abs=1e-9)


def test_the_courses_cats():
    """200,000 from the web, 10,000 by the app: dev and test are 2,500 of the app's each."""
    parts = split(np.arange(200_000) % 2, target=np.arange(10_000) % 2)
    assert len(parts["dev"]) == len(parts["test"]) == len(parts["train_dev"]) == 2500
    assert len(parts["train"]) == 205_000 - 2500
    for name in ("dev", "test"):
        assert (parts[name] >= 200_000).all()
    from_app = np.count_nonzero(parts["train"] >= 200_000) / len(parts["train"])
    assert from_app == pytest.approx(5000 / 205_000, rel=0.05)
    in_train_dev = np.count_nonzero(parts["train_dev"] >= 200_000) / 2500
    assert in_train_dev == pytest.approx(5000 / 205_000, rel=0.5)


sizes = st.lists(st.integers(20, 80), min_size=1, max_size=4)


@given(sizes, sizes, st.integers(0, 2**31), st.booleans())
def test_every_example_once_and_every_class_its_share(counts, target_counts, seed, two):
    labels, target = shuffled(counts, seed), shuffled(target_counts, seed + 1)
    parts = split(labels, target=target if two else None, seed=seed)
    everything = np.concatenate([labels, target]) if two else labels
    together = np.concatenate(list(parts.parts.values()))
    assert sorted(together) == list(range(len(everything)))
    source, share = (target, 0.25) if two else (labels, 0.2)
    first = len(labels) if two else 0
    for name in ("dev", "test"):
        assert (parts[name] >= first).all()
        for label, count in enumerate(np.bincount(source)):
            got = np.count_nonzero(source[parts[name] - first] == label)
            assert abs(got - share * count) <= 1
    again = split(labels, target=target if two else None, seed=seed)
    assert again.to_dict() == parts.to_dict()


@given(
    st.lists(st.integers(1, 4), min_size=40, max_size=60),
    st.lists(st.integers(1, 4), min_size=40, max_size=60),
    st.integers(0, 10),
    st.integers(0, 2**31),
)
def test_a_person_is_in_one_part_only(sizes, target_sizes, shared, seed):
    """Also a person of whom both sources have pictures."""
    people = [n for n, size in enumerate(sizes) for _ in range(size)]
    shift = len(sizes) - shared
    others = [shift + n for n, size in enumerate(target_sizes) for _ in range(size)]
    labels, target = np.array(people) % 2, np.array(others) % 2
    parts = split(labels, target=target, groups=people, target_groups=others, seed=seed)
    groups = np.array(people + others)
    owners = [set(groups[indices]) for indices in parts.parts.values()]
    assert sum(map(len, owners)) == len(set().union(*owners))
    assert sorted(np.concatenate(list(parts.parts.values()))) == list(range(len(groups)))


def test_seeds_fractions_and_train_dev():
    labels = shuffled([100, 300])
    assert split(labels, seed=1).to_dict() != split(labels, seed=2).to_dict()
    parts = split(labels, fractions={"train": 0.5, "dev": 0.3, "test": 0.2}, train_dev=0.1)
    expected = {"train": 0.45, "train_dev": 0.05, "dev": 0.3, "test": 0.2}
    assert shares(parts) == pytest.approx(expected)
    assert list(parts.parts) == list(expected)
    assert json.loads(json.dumps(parts.to_dict()))["dev"] == parts["dev"].tolist()


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"labels": [[1, 2]]}, "labels must be one class an example"),
        ({"labels": []}, "labels must be one class an example"),
        ({"groups": [1]}, "a group for each of the 20 examples of labels; got 1"),
        ({"target_groups": [1]}, "must not be given without target"),
        ({"train_dev": 0.9}, "train_dev must be between 0 and 0.5"),
        ({"fractions": {"train": 0.5, "dev": 0.5}}, "'train', 'dev' and 'test'"),
        ({"fractions": {"train": 0.5, "dev": 0.1, "test": 0.1}}, "add up to 1"),
        (
            {"target": [0, 1] * 9, "groups": [1] * 20, "target_groups": [1] * 18},
            "nothing is left for dev and test",
        ),
        ({"labels": ["a"] * 20 + ["b"]}, "class 'b' has 1 different image"),
    ],
)
def test_what_cannot_be_divided(arguments, match):
    with pytest.raises(ValueError, match=match):
        split(**{"labels": [0, 1] * 10} | arguments)
    assert issubclass(DataError, ValueError)
