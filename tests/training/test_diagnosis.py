"""The course's worked cases, and the wording."""

import json

import pytest

from dlzoo.training import diagnose

BIAS, VARIANCE = "avoidable bias", "variance"
MISMATCH, OVERFIT = "data mismatch", "over-fitting of the dev set"


@pytest.mark.parametrize(
    "errors, problems",
    [
        ({"human": 0.00, "train": 0.01, "dev": 0.11}, {VARIANCE}),
        ({"human": 0.01, "train": 0.01, "dev": 0.11}, {VARIANCE}),
        ({"human": 0.00, "train": 0.15, "dev": 0.16}, {BIAS}),
        ({"human": 0.00, "train": 0.15, "dev": 0.30}, {BIAS, VARIANCE}),
        ({"human": 0.00, "train": 0.005, "dev": 0.01}, set()),
        ({"human": 0.15, "train": 0.15, "dev": 0.16}, set()),
        ({"human": 0.00, "train": 0.01, "train_dev": 0.09, "dev": 0.10}, {VARIANCE}),
        ({"human": 0.00, "train": 0.01, "train_dev": 0.015, "dev": 0.10}, {MISMATCH}),
        ({"human": 0.00, "train": 0.10, "train_dev": 0.11, "dev": 0.12}, {BIAS}),
        (
            {"human": 0.00, "train": 0.10, "train_dev": 0.11, "dev": 0.20},
            {BIAS, MISMATCH},
        ),
        ({"human": 0.01, "train": 0.01, "dev": 0.02, "test": 0.12}, {OVERFIT}),
        (  # the speech of the rear-view mirror: dev is easier than train
            {"human": 0.04, "train": 0.07, "train_dev": 0.10, "dev": 0.06, "test": 0.06},
            {BIAS, VARIANCE},
        ),
    ],
)
def test_worked_cases(errors, problems):
    diagnosis = diagnose(**errors)
    assert set(diagnosis.problems) == problems
    if problems:
        assert diagnosis.steps[diagnosis.largest] == max(diagnosis.steps.values())
        assert diagnosis.remedies
    else:
        assert diagnosis.largest is None


@pytest.mark.parametrize(
    "train, dev, problems, remedy",
    [
        (0.01, 0.11, (VARIANCE,), "get more data"),
        (0.15, 0.16, (BIAS,), "bigger network"),
        (0.15, 0.30, (BIAS, VARIANCE), "bigger network"),
        (0.005, 0.01, (), None),
    ],
)
def test_the_four_cases_of_the_course(train, dev, problems, remedy):
    """High variance, high bias, both (bias first: its remedies may end both), neither."""
    diagnosis = diagnose(human=0.0, train=train, dev=dev)
    assert set(diagnosis.problems) == set(problems)
    assert diagnosis.largest == (problems[0] if problems else None)
    assert (remedy is None) == (diagnosis.remedies == ())
    assert remedy is None or remedy in " ".join(diagnosis.remedies)


def test_a_dev_set_that_is_easier_than_train_is_a_negative_step():
    steps = diagnose(human=0.04, train=0.07, train_dev=0.10, dev=0.06, test=0.06).steps
    assert steps == pytest.approx({BIAS: 0.03, VARIANCE: 0.03, MISMATCH: -0.04, OVERFIT: 0.0})


def test_people_who_err_make_less_bias():
    assert diagnose(human=0.075, train=0.08, dev=0.10).largest == VARIANCE
    assert diagnose(human=0.01, train=0.08, dev=0.10).largest == BIAS


def test_the_text_names_the_largest_and_admits_what_is_not_known():
    text = str(diagnose(train=0.01, dev=0.11))
    assert "variance                     +10.0 points  <- largest" in text
    assert "Human error is not known" in text
    assert "nothing stands out" in str(diagnose(human=0.0, train=0.0, dev=0.01))


def test_to_dict_is_json():
    values = diagnose(human=0.0, train=0.1, dev=0.2).to_dict()
    assert json.loads(json.dumps(values))["steps"][VARIANCE] == pytest.approx(0.1)


def test_per_cent_are_refused():
    with pytest.raises(ValueError, match="train must be between 0 and 1; got 15"):
        diagnose(train=15, dev=16)
