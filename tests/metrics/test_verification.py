"""Verification: by hand, by brute force, and LFW's own files and protocol."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.errors import DataError
from dlzoo.metrics import (
    auc,
    eer,
    lfw_image,
    lfw_scores,
    read_pairs,
    roc,
    tar_at_far,
    threshold_at_far,
    verification_scores,
)
from dlzoo.metrics.lfw import best_threshold

DISTANCES = np.array([0.2, 0.3, 0.6, 0.9, 0.5, 0.8, 1.0, 1.2, 1.3])
SAME = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0], bool)

# Ties are likely: distances of a few steps.
pairs = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: len({same for _, same in rows}) == 2
)


def split(rows):
    distances, same = map(np.array, zip(*rows, strict=True))
    return distances / 8, same


def rates(distances, same, threshold):
    accepted = distances <= threshold
    return accepted[same].mean(), accepted[~same].mean()


def test_by_hand():
    # 0.2 s, 0.3 s, 0.5 d, 0.6 s, 0.8 d, 0.9 s, then three different ones
    assert auc(DISTANCES, SAME) == pytest.approx((5 + 5 + 4 + 3) / 20)
    assert tar_at_far(DISTANCES, SAME, 0) == 0.5
    assert threshold_at_far(DISTANCES, SAME, 0) == pytest.approx(0.4)
    assert tar_at_far(DISTANCES, SAME, 0.2) == 0.75
    assert threshold_at_far(DISTANCES, SAME, 0.2) == pytest.approx(0.7)
    assert tar_at_far(DISTANCES, SAME, 1) == 1
    assert eer(DISTANCES, SAME) == pytest.approx(0.25)  # on the line from FAR 0.2 to 0.4


def test_perfect_and_reversed():
    assert (auc([0, 1], [1, 0]), eer([0, 1], [1, 0])) == (1, 0)
    assert (auc([1, 0], [1, 0]), eer([1, 0], [1, 0])) == (0, 1)
    assert tar_at_far([1, 0], [1, 0], 0) == 0
    assert threshold_at_far([1, 0], [1, 0], 0) < 0  # accepts nothing
    assert auc([0, 0], [1, 0]) == 0.5


@given(pairs)
def test_the_curve_is_what_counting_gives(rows):
    distances, same = split(rows)
    curve = roc(distances, same)
    for threshold, tar, far in zip(curve.thresholds, curve.tar, curve.far, strict=True):
        assert rates(distances, same, threshold) == (pytest.approx(tar), pytest.approx(far))
    wins = [(d > s) + 0.5 * (d == s) for s in distances[same] for d in distances[~same]]
    assert auc(distances, same) == pytest.approx(np.mean(wins))
    assert 0 <= eer(distances, same) <= 1


@given(pairs, st.sampled_from([0, 0.05, 0.2, 1 / 3, 0.5, 1]))
def test_the_threshold_keeps_its_promise_and_none_accepts_more(rows, far):
    distances, same = split(rows)
    tar, measured = rates(distances, same, threshold_at_far(distances, same, far))
    assert measured <= far + 1e-12
    assert tar == pytest.approx(tar_at_far(distances, same, far))
    allowed = [rates(distances, same, t) for t in [-1, *distances]]
    assert tar == pytest.approx(max(t for t, f in allowed if f <= far + 1e-12))


@given(pairs)
def test_no_threshold_is_more_accurate(rows):
    distances, same = split(rows)

    def accuracy(threshold):
        return ((distances <= threshold) == same).mean()

    best = max(accuracy(threshold) for threshold in [-1, *distances])
    assert accuracy(best_threshold(distances, same)) == best


def test_neighbouring_numbers_are_told_apart():
    low = 0.5
    high = np.nextafter(low, 1)
    threshold = threshold_at_far([low, high], [1, 0], 0)
    assert low <= threshold < high


def test_scores_print_and_say_what_they_cannot_know():
    scores = verification_scores(DISTANCES, SAME, fars=[0.2, 0.001])
    assert str(scores).splitlines() == [
        "4 pairs of the same person, 5 of different people",
        "AUC 0.8500, equal error rate 25.00%",
        "TAR 75.00% at FAR 0.2, threshold 0.7000",
        "TAR 50.00% at FAR 0.001, threshold 0.4000 (too few different pairs to know)",
    ]
    assert scores.to_dict()["tar_at_far"][0] == {
        "far": 0.2,
        "tar": 0.75,
        "threshold": pytest.approx(0.7),
    }


@pytest.mark.parametrize(
    "distances, same, message",
    [
        ([1, 2], [1], r"must both be \(pairs,\); got \(2,\) and \(1,\)"),
        ([1, np.nan], [1, 0], "must be finite; got nan for pair 1"),
        ([1, 2], [1, 1], r"true for some pairs and false for others.* got \[1\] of 2"),
        ([1, 2], [1, 7], "true for some"),
        ([], [], "true for some"),
    ],
)
def test_pairs_that_cannot_be_scored(distances, same, message):
    with pytest.raises(ValueError, match=f"^roc: .*{message}"):
        roc(distances, same)


def test_a_rate_is_between_0_and_1():
    with pytest.raises(ValueError, match="tar_at_far: far must be between 0 and 1; got 2"):
        tar_at_far([0, 1], [1, 0], 2)


TEN = """2\t2
Abel_Pacheco\t1\t4
Akhmed_Zakayev\t1\t3
Abdel_Madi_Shabneh\t1\tDean_Barker\t1
AJ_Lamas\t1\tZach_Safrin\t1
Ai_Sugiyama\t2\t1
Aldo_Paredes\t1\t2
Aaron_Peirsol\t3\tUday_Hussein\t1
Abdullah\t12\tAaron_Peirsol\t1
"""
DEV = "1\nAaron_Peirsol\t1\t2\nAJ_Lamas\t1\tZach_Safrin\t1\n"


@pytest.fixture
def listed(tmp_path):
    def write(text, name="pairs.txt"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_folds_of_lfw(listed):
    found = read_pairs(listed(TEN))
    assert [pair.fold for pair in found] == [0] * 4 + [1] * 4
    assert [pair.same for pair in found] == [True, True, False, False] * 2
    assert found[0].first == ("Abel_Pacheco", 1)
    assert found[0].second == ("Abel_Pacheco", 4)
    assert (found[-1].first, found[-1].second) == (("Abdullah", 12), ("Aaron_Peirsol", 1))


@pytest.mark.parametrize("text", [DEV, DEV.replace("\t", " "), DEV.replace("\n", "\r\n")])
def test_the_development_form_has_one_fold(listed, text):
    found = read_pairs(listed(text))
    assert [(pair.fold, pair.same) for pair in found] == [(0, True), (0, False)]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the first line must be the number of folds"),
        ("Abel\t1\t2\n", "the first line must be .* got 'Abel 1 2'"),
        ("10\t300\n", "must be 6000 pairs.* got 0"),
        ("0\n", "must be 0 pairs"),
        (DEV.replace("AJ_Lamas\t1\tZach", "AJ_Lamas\tZach"), "line 3: must be 'name n name m'"),
        (DEV.replace("\t1\t2", "\t1\tx"), "line 2: must be 'name n m' here"),
        (DEV.replace("Zach_Safrin", "AJ_Lamas"), "line 3: must be of different people"),
    ],
)
def test_lists_that_are_not_of_this_form(listed, text, message):
    with pytest.raises(DataError, match=message):
        read_pairs(listed(text))


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_pairs(tmp_path / "pairs.txt")


def test_images_by_name_and_number(tmp_path):
    for name in ("Abel_Pacheco_0004.jpg", "Abel_Pacheco_0012.png"):
        (tmp_path / "Abel_Pacheco").mkdir(exist_ok=True)
        (tmp_path / "Abel_Pacheco" / name).write_bytes(b"")
    assert lfw_image(tmp_path, ("Abel_Pacheco", 4)).name == "Abel_Pacheco_0004.jpg"
    assert lfw_image(tmp_path, ("Abel_Pacheco", 12)).name == "Abel_Pacheco_0012.png"
    with pytest.raises(DataError, match=r"Abel_Pacheco_0005\.jpg: there is no such image"):
        lfw_image(tmp_path, ("Abel_Pacheco", 5))
    with pytest.raises(DataError, match="no name of a person, but a path"):
        lfw_image(tmp_path, ("../Abel_Pacheco", 4))


def test_the_protocol_takes_its_threshold_from_the_other_folds():
    # Fold 0 alone would choose 0.4 and be right everywhere; the others say 0.2.
    distances = [0.3, 0.5, 0.1, 0.3, 0.1, 0.3]
    same = [True, False] * 3
    scores = lfw_scores(distances, same, [0, 0, 1, 1, 2, 2])
    assert scores.thresholds[0] == pytest.approx(0.2)
    assert scores.folds[0] == 0.5
    assert scores.accuracy == pytest.approx(np.mean(scores.folds))
    spread = np.std(scores.folds, ddof=1) / np.sqrt(3)
    assert scores.standard_error == pytest.approx(spread)
    assert scores.to_dict()["folds"] == scores.folds


def test_one_fold_has_no_others():
    with pytest.raises(ValueError, match="lfw_scores: folds must give each pair one of at"):
        lfw_scores([0, 1], [1, 0], [0, 0])
