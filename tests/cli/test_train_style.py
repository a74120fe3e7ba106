"""`dlzoo train-style` and `dlzoo stylize --fast`, as a user runs them."""

import json

import numpy as np
import pytest
from PIL import Image

import dlzoo
from tests.cli.run import here, run


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.jpg", "b.jpg"):
        pixels = rng.uniform(0, 255, (40, 48, 3)).astype("uint8")
        Image.fromarray(pixels).save(tmp_path / "photos" / name)
    return tmp_path / "photos"


@pytest.mark.slow
def test_train_and_paint(photos, tmp_path):
    done = here(
        "train-style", str(photos), str(photos), "--any", "--out", str(tmp_path / "run"),
        "--steps", "1", "--copy-steps", "0", "--size", "32", "--batch-size", "1",
        "--network", "vgg16", "--weights", "none", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photographs"] == 2
    (photos / "broken.jpg").write_bytes(b"no picture")
    out = tmp_path / "out"
    paths = [str(path) for path in sorted(photos.iterdir())]
    options = ["--out", str(out), "--style", str(photos / "a.jpg")]
    done = run("stylize", "--fast", str(tmp_path / "run"), *paths, *options)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{out}: 2 pictures, ")
    assert "Error: " in done.stderr
    assert "broken.jpg" in done.stderr
    assert {path.name for path in out.iterdir()} == {"a.jpg", "b.jpg"}


@pytest.mark.slow
def test_one_photograph_to_one_file(photos, tmp_path):
    model = dlzoo.models.transformer_net(width=2, blocks=0)
    model.save(tmp_path / "model.keras")
    target = tmp_path / "painted.png"
    done = here(
        "stylize", "--fast", str(tmp_path / "model.keras"), str(photos / "a.jpg"),
        "-o", str(target),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Image.open(target) as image:
        assert image.size == (48, 40)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["stylize", "a.jpg"], "name CONTENT and STYLES"),
        (["stylize", "a.jpg", "b.jpg", "--strength", "0.5"], "need --fast"),
        (
            ["train-style", "a", "b", "--out", "c", "--any", "--width", "8"],
            "--width is not for",
        ),
    ],
)
def test_wrong_usage(arguments, words):
    done = run(*arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())
