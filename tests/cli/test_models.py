import json

import pytest

import dlzoo
from tests.cli.run import on_a_terminal, run
from tests.models.facts import FACTS, origin_of


def test_piped_it_is_a_plain_table():
    lines = run("models").stdout.splitlines()
    assert lines[0].split() == ["name", "task", "parameters", "GMACs", "input", "weights"]
    assert [line.split()[0] for line in lines[1:]] == dlzoo.list_models()
    (resnet18,) = (line for line in lines if line.startswith("resnet18 "))
    assert resnet18.split()[1:7] == [
        "classification",
        "11.69",
        "M",
        "1.81",
        "224",
        "imagenet,",
    ]


def test_on_a_terminal_it_has_lines():
    shown = on_a_terminal("models", "resnet1*")
    assert "resnet152" in shown
    assert "mobilenet" not in shown
    assert "\u2502" in shown  # the line between columns


def test_pattern_and_task():
    shown = run("models", "mobile*", "--task", "classification").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["name", "mobilenet", "mobilenet_v2"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["vit*"], "Error: no network is called 'vit*'; `dlzoo models` lists all."),
        (
            ["--task", "cooking"],
            "task must be one of ['classification', 'detection', 'faces', 'segmentation', "
            "'style']; got 'cooking'.",
        ),
    ],
)
def test_nothing_found(arguments, words):
    done = run("models", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr


def test_json():
    facts = {row["name"]: row for row in json.loads(run("models", "--json").stdout)}
    assert sorted(facts) == dlzoo.list_models()
    assert facts["resnet34"] == {
        "name": "resnet34",
        "task": "classification",
        "parameters": 21_797_672,
        "gmacs": 3.664,
        "input_size": 224,
        "weights": ["imagenet", "tv_in1k", "a1_in1k", "a2_in1k", "a3_in1k"],
    }


@pytest.fixture(scope="module")
def long_table():
    """What `--long` prints: name and origin to the numbers."""
    shown = run("models", "--task", "classification", "--long").stdout.splitlines()
    assert shown[0].split() == [
        "name", "origin", "parameters", "GMACs", "top-1", "top-5", "input", "year",
    ]  # fmt: skip
    rows = [line.replace(" M ", " ").split() for line in shown[1:]]
    return {(name, origin): numbers for name, origin, *numbers in rows}


def test_long_has_a_line_an_origin(long_table):
    assert list(long_table) == [
        (name, origin)
        for name in dlzoo.list_models(task="classification")
        for origin in dlzoo.card(name).origins
    ]
    assert long_table["resnet50", "torch"] == ["25.56", "4.09", "76.1", "92.9", "224", "2015"]
    assert long_table["resnet50", "keras"] == ["25.58", "3.80", "74.9", "92.1", "224", "2015"]


@pytest.mark.parametrize("name", FACTS)
def test_long_is_the_published_table(name, long_table):
    parameters, gmacs, *_ = long_table[name, origin_of(name)]
    published = FACTS[name]
    assert parameters == published.parameters
    if published.gmacs is not None:
        expected = published.gmacs - published.normalisation
        assert float(gmacs) == pytest.approx(expected, rel=0.02)
