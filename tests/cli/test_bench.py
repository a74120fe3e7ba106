import pytest

from tests.cli.run import run


@pytest.mark.slow
def test_a_network_by_its_name(tmp_path):
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    arguments = ["bench", "lenet5", "--engine", "tensorflow", "--batch", "2", "--rounds", "1"]
    environment = {"DLZOO_CACHE": str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    head, *rows = run(*arguments, **environment).stdout.splitlines()
    assert head.split() == [
        "batch", "engine", "precision", "median,", "ms", "90", "%,", "ms", "images/s", "x",
        "Keras",
    ]  # fmt: skip
    assert [row.split()[:3] for row in rows[:2]] == [
        ["2", "Keras", "predict"],
        ["2", "tensorflow", "float32"],
    ]
