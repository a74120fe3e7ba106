import keras
import pytest

from tests.cli.run import here


@pytest.mark.slow
def test_a_network_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path))
    engine = keras.backend.backend()
    done = here("bench", "lenet5", "--engine", engine, "--batch", 2, "--rounds", 1)
    head, keras_row, own, *notes = done.stdout.splitlines()
    assert head.split()[:3] == ["batch", "engine", "precision"]
    assert keras_row.split()[:4] == ["2", "Keras", "predict", "float32"]
    assert own.split()[:3] == ["2", engine, "float32"]
    assert notes[-1].startswith("lenet5, images of 32 x 32 x 1; ")
