"""From pictures with boxes to boxes on new pictures: three commands."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.cli.run import here, run
from tests.detection.conftest import CLASSES, SIZE, draw

pytest.importorskip("pycocotools")


@pytest.mark.slow
def test_three_commands(tmp_path):
    data = draw(tmp_path / "shapes", 15)
    done = here("anchors", data, "--count", "2", "--image-size", "48,64", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["sizes"] == [[14.0, 14.0], [20.0, 10.0]]
    out, found = tmp_path / "run", tmp_path / "found"
    done = here(
        "fine-tune", data, "--model", "yolo", "--backbone", "vgg_small", "--out", out,
        "--weights", "none", "--epochs", "1", "--image-size", "64", "--on-bad-box", "clip",
        "--model-option", "width=8",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "yolo on 2 classes of objects, images 64x64: test AP50" in done.stdout
    pictures = sorted(data.parent.glob("*.png"))[:2]
    done = run("detect", out, *pictures, "--out", found, "--threshold", "0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith(f"{pictures[0]}: ")
    assert {path.name for path in found.iterdir()} == {"000.png", "001.png", "detections.json"}
    assert np.array(Image.open(found / "000.png")).shape == (*SIZE, 3)
    content = json.loads((found / "detections.json").read_text())
    assert [image["file_name"] for image in content["images"]] == [str(p) for p in pictures]
    assert [row["name"] for row in content["categories"]] == list(CLASSES)
    for row in content["annotations"]:
        x, y, width, height = row["bbox"]
        assert 0 <= x <= x + width <= SIZE[1] + 0.01
        assert 0 <= y <= y + height <= SIZE[0] + 0.01
