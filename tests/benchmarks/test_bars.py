import pytest

from benchmarks.bars import Missing, Part, Row, bars_table, carry_out, measured_program
from benchmarks.side_by_side import Failed

FASTER = Row("work", "peer", at_least=1.5)


@pytest.mark.parametrize(
    ("row", "bar", "met"),
    [
        (Row("w", "p", at_least=1.3, measured=1.3), ">= 1.3x", True),
        (Row("w", "p", at_least=1.3, measured=1.29), ">= 1.3x", False),
        (Row("w", "p", at_most=1.1, measured=1.2), "<= 1.1x", False),
        (Row("w", "p", at_most=1.1, measured=1.05), "<= 1.1x", True),
        (Row("w", "p", at_least=-1, unit=" points", measured=0.0), ">= -1 points", True),
        (Row("w", "p", measured=2.0), "", None),
        (FASTER, ">= 1.5x", None),
    ],
)
def test_bars(row, bar, met):
    assert (row.bar, row.met) == (bar, met)


def failing(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (Missing("there are no images"), "not measured: there are no images"),
        (Failed("dlzoo has died"), "failed: dlzoo has died"),
        (KeyError("a"), "failed: 'a'"),
        (ZeroDivisionError(), "failed: ZeroDivisionError"),
    ],
)
def test_what_fails_says_so(error, problem, capsys):
    text, (row,) = carry_out(Part("a part", (FASTER,), failing(error)))
    assert row.problem == problem
    assert row.measured is None
    assert problem in text
    assert capsys.readouterr().err.startswith("a part ... ")


def test_a_program(tmp_path, capsys):
    rows = FASTER, Row("more", "peer", at_least=2)
    parts = [
        Part("one", rows, lambda: ("### One\n", [1.6, 1.9])),
        Part("two", (FASTER,), failing(Missing("no\nengine | here"))),
    ]
    measured = measured_program("name", "Title", parts, ["numpy"], tmp_path)
    assert [row.met for row in measured] == [True, False, None]
    text = (tmp_path / "name.md").read_text()
    assert text.startswith("# Title\n\n### One\n")
    assert text == capsys.readouterr().out[:-1]
    assert bars_table(measured).splitlines() == [
        "| work | against | bar | measured | met? |",
        "| --- | --- | ---: | ---: | --- |",
        "| work | peer | >= 1.5x | 1.60x | yes |",
        "| more | peer | >= 2x | 1.90x | **no** |",
        "| work | peer | >= 1.5x |  | not measured: no engine / here |",
    ]
