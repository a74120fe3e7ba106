"""`dlzoo fine-tune` and `dlzoo predict`, as a user runs them."""

import json

import pytest

import dlzoo
from dlzoo.cli import fine_tune as verb
from tests.cli.run import here, run

FAST = ("--image-size", "32", "--weights", "none", "--epochs", "1", "--batch-size", "64")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Zeros and ones only, so that an epoch is short."""
    folder = dlzoo.data.write_digits(tmp_path_factory.mktemp("data") / "digits")
    small = folder.parent / "small"
    small.mkdir()
    for digit in "01":
        (folder / digit).rename(small / digit)
    return small


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory):
    """The folder of a run of one epoch, and what was printed."""
    out = tmp_path_factory.mktemp("runs") / "run"
    done = run("fine-tune", digits, "--model", "resnet18", "--out", out, *FAST)
    assert (done.returncode, done.stderr) == (0, "")
    return out, done.stdout


@pytest.mark.slow
def test_it_trains_saves_and_tells(finished):
    out, printed = finished
    assert "resnet18 on 2 classes, images 32x32: test accuracy" in printed
    assert f"Saved in {out}" in printed
    report = json.loads((out / "report.json").read_text())
    assert report["classes"] == ["0", "1"]
    for name in ("model.keras", "report.txt", "confusion_matrix.png"):
        assert (out / name).stat().st_size > 0


@pytest.mark.slow
def test_the_same_command_again_shows_the_stored_report(finished, digits):
    out, printed = finished
    before = (out / "model.keras").stat().st_mtime_ns
    again = here("fine-tune", digits, "--model", "resnet18", "--out", out, *FAST)
    assert (again.returncode, again.stdout) == (0, printed)
    assert (out / "model.keras").stat().st_mtime_ns == before


@pytest.mark.slow
def test_predict_takes_files_folders_and_patterns(finished, digits):
    out, _ = finished
    files = sorted((digits / "0").glob("*.png"))
    done = run("predict", out, files[0], digits / "1", digits / "0" / "000*.png")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    ones = len(list((digits / "1").iterdir()))
    pattern = len(list((digits / "0").glob("000*.png")))
    assert len(lines) == 1 + ones + pattern
    assert lines[0].startswith(f"{files[0]}: ")


@pytest.mark.slow
def test_predict_as_json(finished, digits):
    out, _ = finished
    image = next((digits / "1").iterdir())
    model = out / "model.keras"
    done = here("predict", model, image, "--top", "1", "--json")
    (found,) = json.loads(done.stdout)
    assert found["source"] == str(image)
    assert found["labels"][0] in ("0", "1")
    assert len(found["labels"]) == len(found["probabilities"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments, message",
    [
        (("nowhere", "--model", "resnet18"), "nowhere: there is no such folder"),
        (("DIGITS", "--model", "resnet81"), "resnet81"),
        (("DIGITS", "--model", "resnet18", "--unfreeze", "most"), "unfreeze"),
    ],
)
def test_errors_are_one_line(digits, tmp_path, arguments, message):
    data, *options = arguments
    data = data.replace("DIGITS", str(digits))
    done = here("fine-tune", data, *options, "--out", tmp_path / "run", *FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_table_of_two_targets_with_holes(digits, tmp_path):
    files = sorted(digits.glob("*/*.png"))[::8]
    cells = [
        f"{path},{path.parent.name if i % 4 else ''},{i / 2}" for i, path in enumerate(files)
    ]
    table = tmp_path / "digits.csv"
    table.write_text("\n".join(["path,digit,place", *cells]))
    out = tmp_path / "run"
    options = ("--target", "place=regression", "--out", out, *FAST)
    done = here("fine-tune", table, "--model", "resnet18", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "resnet18 on 2 targets, images 32x32" in done.stdout
    assert "digit (binary)" in done.stdout
    done = here("predict", out, files[0], "--json")
    (found,) = json.loads(done.stdout)
    assert [task["target"] for task in found["tasks"]] == ["digit", "place"]
    assert isinstance(found["tasks"][1]["value"], float)


@pytest.mark.slow
def test_predict_without_a_model(tmp_path):
    done = here("predict", tmp_path, tmp_path / "a.png")
    assert done.returncode == 1
    assert "there is no such model" in done.stderr


def calls(monkeypatch, *arguments):
    """The arguments with which the verb calls `dlzoo.fine_tune`."""
    seen = {}

    class Result:
        def __str__(self):
            return "done"

    def fine_tune(model, data, **options):
        seen.update(options, model=model, data=data)
        return Result()

    monkeypatch.setattr(dlzoo, "fine_tune", fine_tune, raising=False)
    from dlzoo.cli.app import main

    with pytest.raises(SystemExit) as end:
        main(["fine-tune", "images", "--model", "resnet18", "--out", "run", *arguments])
    return end.value.code, seen


# What only one task takes arrives only if it was given.
SPECIAL = {
    "targets",
    "human_error",
    "crop",
    "loss",
    "backbone",
    "model_options",
    "classes",
    "void",
}


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), {"weights": "auto", "augment": True, "epochs": None, "fresh": False}),
        (("--weights", "None"), {"weights": None}),
        (("--weights", "a.h5"), {"weights": "a.h5"}),
        (("--epochs", "7"), {"epochs": 7}),
        (("--epochs", "30,10"), {"epochs": (30, 10)}),
        (("--learning-rate", "3e-3,1e-4"), {"learning_rate": (3e-3, 1e-4)}),
        (("--unfreeze", "2"), {"unfreeze": 2}),
        (("--unfreeze", "last"), {"unfreeze": "last"}),
        (("--no-augment",), {"augment": False}),
        (("--augment", "shift, zoom"), {"augment": ["shift", "zoom"]}),
        (("--human-error", "0.02"), {"human_error": 0.02}),
        (("--target", "age", "--target", "tags"), {"targets": ["age", "tags"]}),
        (
            ("--target", "age=regression", "--target", "weather=sun,rain"),
            {"targets": {"age": "regression", "weather": ["sun", "rain"]}},
        ),
        (("--classes", "sky,road", "--void", "11"), {"classes": ["sky", "road"], "void": 11}),
        (
            ("--model-option", "width=16", "--model-option", "upsampling=bilinear"),
            {"model_options": {"width": 16, "upsampling": "bilinear"}},
        ),
        (("--image-size", "32,48", "--crop", "32"), {"image_size": (32, 48), "crop": 32}),
        (("--mixed-bfloat16", "--fresh"), {"mixed_bfloat16": True, "fresh": True}),
    ],
)
def test_options_arrive(monkeypatch, arguments, expected):
    code, seen = calls(monkeypatch, *arguments)
    assert code == 0
    assert {name: seen[name] for name in expected} == expected
    assert set(seen) & SPECIAL == set(expected) & SPECIAL


@pytest.mark.parametrize("epochs", ["many", "1,2,3", ""])
def test_numbers_that_are_none(monkeypatch, capsys, epochs):
    code, seen = calls(monkeypatch, "--epochs", epochs)
    assert (code, seen) == (2, {})
    assert "must be a number or two (N,N)" in capsys.readouterr().err


def test_targets_are_all_of_one_form(monkeypatch, capsys):
    code, seen = calls(monkeypatch, "--target", "age", "--target", "id=ignore")
    assert (code, seen) == (2, {})
    assert "all with `=` or all without" in capsys.readouterr().err


def test_every_option_is_one_of_the_function():
    import inspect

    from dlzoo import classification, detection, segmentation, tasks

    offered = set(inspect.signature(verb.fine_tune).parameters)
    homes = (tasks, classification, detection, segmentation)
    known = {name for home in homes for name in inspect.signature(home.fine_tune).parameters}
    assert offered - known == {"no_augment", "json"}
