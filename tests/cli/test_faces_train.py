"""`dlzoo faces train`, as a user runs it."""

import json

import pytest

from tests.cli.run import here, run
from tests.faces.people import draw_people

FAST = ("--image-size", "32", "--weights", "none", "--epochs", "1", "--batch-size", "16")


@pytest.mark.slow
def test_it_trains_saves_and_tells(tmp_path):
    crowd = draw_people(tmp_path / "crowd", people=10, images=4)
    out = tmp_path / "run"
    options = ("--model", "vgg_small", "--loss", "contrastive", "--dimensions", "8", *FAST)
    done = here("faces", "train", crowd, "--out", out, *options, "--no-augment")
    assert (done.returncode, done.stderr) == (0, "")
    assert "vgg_small, contrastive loss, 8 dimensions, images 32x32" in done.stdout
    assert f"Saved in {out}" in done.stdout
    again = here("faces", "train", crowd, "--out", out, *options, "--no-augment", "--json")
    assert json.loads(again.stdout)["settings"]["loss"] == "contrastive"
    assert run("predict", out, crowd / "p00").stdout.count("8 numbers") == 4


@pytest.mark.slow
def test_wrong_choices_are_told(tmp_path):
    done = here("faces", "train", tmp_path / "no", "--out", tmp_path / "run", "--loss", "l2")
    assert done.returncode == 1
    assert "loss must be one of" in done.stderr
