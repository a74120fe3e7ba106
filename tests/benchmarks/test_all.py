"""`python -m benchmarks all`: its rows, and its machinery with programs that do nothing."""

import importlib
import sys
import types
from collections import Counter

import pytest

import benchmarks.__main__ as everything
from benchmarks import fine_tune, start_up
from benchmarks.bars import Missing, Part, Row
from benchmarks.side_by_side import Failed

DESIGN = Counter(  # the table of section 9
    [
        ">= 1.3x", ">= 1.5x",  # training step, against Keras
        ">= 1.15x", ">= 1.4x",  # against PyTorch
        ">= 4x", ">= 1.8x", ">= 12x", ">= 4x", *4 * [">= 0.97x"],  # prediction
        ">= 5x", ">= -1 points",  # fine-tuning, and its accuracy
        ">= 1.2x", ">= 2x",  # style transfer
        "<= 1.1x",  # import
        "<= 1x",  # building ResNet-50
    ]
)  # fmt: skip


def rows_of(program, quick):
    module = importlib.import_module(f"benchmarks.{program.name}")
    parts = module.parts(**program.usual | (program.quick if quick else {}))
    return [row for part in parts for row in part.rows]


def test_all_bars_are_measured():
    rows = [row for program in everything.PROGRAMS for row in rows_of(program, quick=False)]
    assert Counter(row.bar for row in rows if row.bar) == DESIGN
    assert len({(row.work, row.against) for row in rows}) == len(rows)


def test_quick_leaves_out_only_the_whole_picture():
    usual, quick = (
        [row for program in everything.PROGRAMS for row in rows_of(program, each)]
        for each in (False, True)
    )
    assert [row.work for row in usual if row not in quick] == [
        "the same, whole picture as good as 150 steps"
    ]


@pytest.fixture
def programs(monkeypatch):
    """Two programs; the second fails."""

    def parts_of(name, run):
        def parts(rounds):
            return [Part(name, (Row(f"{name}, {rounds} rounds", "peer", 2),), run)]

        return parts

    def fail():
        raise Failed("a contestant has died")

    for name, run in (("good", lambda: ("text\n", [2.5])), ("bad", fail)):
        module = types.ModuleType(f"benchmarks.{name}")
        module.TITLE, module.PACKAGES, module.parts = name, ("numpy",), parts_of(name, run)
        monkeypatch.setitem(sys.modules, f"benchmarks.{name}", module)
    found = tuple(
        everything.Program(name, {"rounds": 9}, {"rounds": 1}) for name in ("good", "bad")
    )
    monkeypatch.setattr(everything, "PROGRAMS", found)


def test_one_table(programs, tmp_path, capsys):
    everything.main(["all", "--out", str(tmp_path)])
    text = (tmp_path / "all.md").read_text()
    assert "| good, 9 rounds | peer | >= 2x | 2.50x | yes |" in text
    assert "| bad, 9 rounds | peer | >= 2x |  | failed: a contestant has died |" in text
    assert "1 bars met, 0 not met, 1 rows not measured" in text
    assert {path.name for path in tmp_path.iterdir()} == {"all.md", "good.md", "bad.md"}
    shown = capsys.readouterr()
    assert shown.out == text + "\n"
    assert "good ..." in shown.err


def test_quick_keeps_nothing(programs, monkeypatch, capsys):
    monkeypatch.setattr(everything, "RESULTS", None)
    everything.main(["all", "--quick", "--only", "good"])
    out = capsys.readouterr().out
    assert "| good, 1 rounds |" in out
    assert "bad" not in out


def test_without_the_images(monkeypatch, tmp_path):
    monkeypatch.delenv("DLZOO_TEST_DATA", raising=False)
    with pytest.raises(Missing, match="DLZOO_TEST_DATA names no folder"):
        fine_tune.chosen(None, None)
    monkeypatch.setenv("DLZOO_TEST_DATA", str(tmp_path))
    with pytest.raises(Missing, match="signs"):
        fine_tune.chosen(None, None)
    assert fine_tune.chosen("folder", "weights") == ("folder", "weights")


def test_the_peak_of_memory_is_that_of_a_fresh_process(monkeypatch):
    holds = "import numpy; model = numpy.ones({size})"
    monkeypatch.setattr(
        start_up,
        "MODELS",
        {"keras.applications": holds.format(size=1), "dlzoo": holds.format(size=10**8 // 8)},
    )
    monkeypatch.setattr(start_up, "WORK", {("w", who): "" for who in start_up.MODELS})
    text, (times,) = start_up.memory(1, list(start_up.WORK))
    small, large = (
        float(line.split("|")[3].replace(",", "")) for line in text.splitlines()[2:]
    )
    assert 90 < large - small < 110
    assert times == pytest.approx(large / small, rel=0.05)


def test_the_error_of_a_fresh_process():
    with pytest.raises(Failed, match=r"^ValueError: no$"):
        start_up.run("raise ValueError('no')", {})
