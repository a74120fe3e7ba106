"""From a folder of pictures and masks to masks of new pictures: two commands."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tests.cli.run import here, run
from tests.segmentation.conftest import CLASSES, SIZE, draw


@pytest.mark.slow
def test_two_commands(tmp_path):
    data = draw(tmp_path / "shapes", 20)
    out, masks = tmp_path / "run", tmp_path / "masks"
    options = ("--weights", "none", "--epochs", "1", "--model-option", "decoder=[16,8]")
    network = ("--model", "unet_backbone", "--backbone", "vgg_small")
    done = here("fine-tune", data, *network, "--out", out, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "unet_backbone on 3 classes of pixels, images 24x32: test mean IoU" in done.stdout
    pictures = sorted((data / "images").glob("*.png"))[:2]
    done = run("segment", out, *pictures, "--out", masks, "--scale", "0.5", "--unit", "mm")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith(f"{pictures[0]}: ")
    names = {"000_mask.png", "000_overlay.png", "001_mask.png", "001_overlay.png"}
    assert {path.name for path in masks.iterdir()} == names | {"areas.csv", "areas.json"}
    mask = np.array(Image.open(masks / "000_mask.png"))
    assert mask.shape == SIZE
    with open(masks / "areas.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [*CLASSES, *CLASSES]
    for number, row in enumerate(rows[:3]):
        assert int(row["pixels"]) == (mask == number).sum()
        assert float(row["area"]) == int(row["pixels"]) / 4
    found = json.loads((masks / "areas.json").read_text())
    assert [one["source"] for one in found] == [str(path) for path in pictures]
    done = here("predict", out, pictures[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{pictures[0]}: ")


@pytest.mark.slow
def test_a_classifier_is_no_segmenter(tmp_path):
    done = here("segment", tmp_path, tmp_path / "a.png", "--out", tmp_path / "masks")
    assert done.returncode == 1
    assert "there is no such model" in done.stderr
