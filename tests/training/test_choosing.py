"""Optimising and satisficing metrics, and mistakes that must not happen."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.training import choose, weighted_error

CATS = {
    "A": {"f1": 0.90, "latency_ms": 80},
    "B": {"f1": 0.92, "latency_ms": 95},
    "C": {"f1": 0.95, "latency_ms": 1500},
}


def test_the_courses_cats():
    assert choose(CATS, maximise="f1").name == "C"
    choice = choose(CATS, maximise="f1", subject_to={"latency_ms": 100})
    assert (choice.name, choice.ranking) == ("B", ("B", "A"))
    assert choice.rejected == {"C": ("latency_ms 1500 is above 100",)}
    assert choice.metrics["latency_ms"] == 95
    assert json.loads(json.dumps(choice.to_dict()))["name"] == "B"


def test_the_least_and_a_range():
    assert choose(CATS, minimise="latency_ms", subject_to={"f1": (0.91, None)}).name == "B"
    assert choose(CATS, "f1", subject_to={"latency_ms": (90, 2000)}).ranking == ("C", "B")
    assert choose(CATS, "f1", subject_to={"latency_ms": 95}).name == "B"  # the limit is met


def test_nothing_is_good_enough():
    with pytest.raises(ValueError, match="no candidate satisfies") as error:
        choose(CATS, "f1", subject_to={"latency_ms": 90, "f1": (0.93, None)})
    assert "A: f1 0.9 is below 0.93\n" in str(error.value)
    assert "C: latency_ms 1500 is above 90\n" in str(error.value)


def test_ties_go_to_the_first_and_are_told():
    twice = {"x": {"f1": 0.9}, "y": {"f1": 0.9}, "z": {"f1": 0.8}}
    choice = choose(twice, maximise="f1")
    assert (choice.name, choice.ties) == ("x", ("y",))
    assert choose(dict(reversed(twice.items())), maximise="f1").name == "y"


def test_what_is_no_number_is_not_chosen():
    broken = {"x": {"f1": float("nan"), "ms": 1}, "y": {"f1": 0.1, "ms": float("nan")}}
    assert choose(broken, "f1").name == "y"
    assert choose(broken | {"z": {"f1": 0, "ms": 9}}, "f1", subject_to={"ms": 10}).name == "z"
    with pytest.raises(ValueError, match=r"x: f1 is nan\n  y: ms is nan"):
        choose(broken, "f1", subject_to={"ms": 10})


metrics = st.fixed_dictionaries({"f1": st.floats(0, 1), "ms": st.floats(0, 200)})


@given(st.dictionaries(st.text(min_size=1), metrics, min_size=1), st.floats(0, 200))
def test_the_best_of_the_good_enough(candidates, limit):
    good = [row["f1"] for row in candidates.values() if row["ms"] <= limit]
    if good:
        choice = choose(candidates, "f1", subject_to={"ms": limit})
        assert choice.metrics["f1"] == max(good)
        assert len(choice.ranking) + len(choice.rejected) == len(candidates)
    else:
        with pytest.raises(ValueError, match="no candidate"):
            choose(candidates, "f1", subject_to={"ms": limit})


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({}, "either maximise or minimise"),
        ({"maximise": "f1", "minimise": "latency_ms"}, "either maximise or minimise"),
        ({"maximise": "auc"}, r"candidate 'A' must have the metrics \['auc'\]"),
        ({"maximise": "f1", "subject_to": {"latency_ms": "fast"}}, "highest value.*'fast'"),
        ({"maximise": "f1", "candidates": {}}, "at least one candidate"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        choose(**{"candidates": CATS} | arguments)


def test_ten_times_for_the_pornographic_image():
    """A has 3 % error and lets such images pass, B has 5 % and does not."""
    labels = np.array(["cat"] * 50 + ["other"] * 45 + ["porn"] * 5)
    first, second = labels.copy(), labels.copy()
    first[95:98] = "cat"
    second[:5] = "other"
    assert (labels != first).mean() < (labels != second).mean()
    weights = np.where(labels == "porn", 10, 1)
    assert weighted_error(labels, first, weights) == pytest.approx(30 / 145)
    assert weighted_error(labels, second, {"porn": 10}) == pytest.approx(5 / 145)


def test_equal_weights_are_the_error():
    assert weighted_error([0, 1, 2, 2], [0, 1, 1, 1], np.full(4, 3.0)) == 0.5
    assert weighted_error([0, 1], [0, 1], {1: 10}) == 0.0


@pytest.mark.parametrize(
    "weights, match",
    [
        ([1, 2], "the same length"),
        ([1, -1, 1], "at least 0"),
        ([0, 0, 0], "not all 0"),
        ([1, float("nan"), 1], "finite"),
        ({"horse": 10}, "no label is one of"),
    ],
)
def test_bad_weights(weights, match):
    with pytest.raises(ValueError, match=match):
        weighted_error([0, 1, 1], [0, 1, 0], weights)
