import pytest

from benchmarks.side_by_side import Contestant, Failed, alone, machine, measure, ratio, table
from tests.benchmarks.contestants import dying, needing, sleeping, unable

SLOW = Contestant("slow", sleeping, {"seconds": 0.02})
QUICK = Contestant("quick", sleeping, {"seconds": 0.001})


def test_turns():
    """One step a turn, or as many as fit; every contestant has its own environment."""
    own = Contestant("own", needing, {"variable": "DLZOO_HERE"}, {"DLZOO_HERE": "here"})
    seconds = measure([SLOW, own], rounds=3, warmup=1)
    assert {name: len(values) for name, values in seconds.items()} == {"slow": 3, "own": 3}
    assert min(seconds["slow"]) >= 0.02
    seconds = measure([SLOW, QUICK], rounds=2, warmup=0, turn=0.03)
    assert len(seconds["slow"]) == 4
    assert len(seconds["quick"]) > 4
    assert ratio(seconds, "slow", "quick") > 1


def test_one_that_fails_stops_all_or_is_noted():
    failing = [Contestant("unable", unable), Contestant("dying", dying)]
    with pytest.raises(Failed, match=r"^unable: ValueError: there is no such engine$"):
        measure([QUICK, failing[0]], rounds=1)
    absent = {}
    seconds = measure([*failing, QUICK], rounds=1, absent=absent)
    assert list(seconds) == ["quick"]
    assert absent == {
        "unable": "unable: ValueError: there is no such engine",
        "dying": "dying has died",
    }


def test_alone():
    assert alone(pow, 2, 10) == 1024
    with pytest.raises(ZeroDivisionError):
        alone(divmod, 1, 0)
    with pytest.raises(Failed, match="the process of dying has died"):
        alone(dying)


def test_table():
    seconds = {"a": [0.2, 0.3, 0.4], "b": [0.1, 0.1, 0.1]}
    text = table("T", seconds, "a", ("share", {"b": "50%"}))
    assert text.splitlines() == [
        "### T",
        "",
        "| contestant | median, ms | fastest, ms | a takes this many times as long | share |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| a | 300 | 200 | 1.00 |  |",
        "| b | 100 | 100 | 3.00 | 50% |",
    ]


def test_the_machine_is_named():
    assert "no nosuchpackage" in machine("numpy", "nosuchpackage")
    assert " cores, Python 3." in machine()
