"""`dlzoo demo`: 97 % on real digits within two minutes on two cores."""

import json
import time

import pytest

from tests.cli.run import run


@pytest.mark.slow
def test_the_demo(tmp_path):
    start = time.monotonic()
    done = run("demo", "--out", tmp_path / "demo")
    seconds = time.monotonic() - start
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "demo" / "run" / "report.json").read_text())
    assert report["splits"]["test"]["accuracy"] >= 0.97
    assert seconds < 120
    for digit in "012":
        assert f"images/{digit}/" in done.stdout
    assert "confusion_matrix.png" in done.stdout
    again = run("demo", "--out", tmp_path / "demo")  # shows the stored result
    assert again.stdout == done.stdout
