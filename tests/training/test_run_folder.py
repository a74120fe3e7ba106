"""Whose folder it is."""

import pytest

from dlzoo.errors import DataError
from dlzoo.training import RunFolder

CONFIG = {"model": "resnet18", "settings": {"epochs": (1, 2), "seed": 0}}


def test_a_run_is_new_then_running_then_finished(tmp_path):
    folder = RunFolder(tmp_path / "a" / "run")
    assert folder.open(CONFIG) is False
    folder.checkpoint.write_text("state")
    folder.cache.mkdir()
    assert folder.open(CONFIG) is False
    assert folder.checkpoint.exists()
    folder.finish()
    assert folder.open(CONFIG) is True
    assert not folder.checkpoint.exists()
    assert not folder.cache.exists()


def test_other_settings_are_refused_with_what_differs(tmp_path):
    folder = RunFolder(tmp_path)
    folder.open(CONFIG)
    other = {"model": "resnet18", "settings": {"epochs": 5, "seed": 0}, "data": "x"}
    with pytest.raises(DataError) as caught:
        folder.open(other)
    text = str(caught.value)
    assert "settings.epochs: [1, 2] there, 5 now" in text
    assert "data: nothing there, 'x' now" in text
    assert "fresh=True" in text
    assert "seed" not in text


def test_fresh_forgets_the_state_but_no_other_file(tmp_path):
    folder = RunFolder(tmp_path)
    folder.open(CONFIG)
    folder.checkpoint.write_text("state")
    (tmp_path / "notes.txt").write_text("mine")
    assert folder.open({"model": "other"}, fresh=True) is False
    assert not folder.checkpoint.exists()
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_with_other_things_is_left_alone(tmp_path, fresh):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(DataError, match=r"1 other files, e\.g\. 'thesis.tex'"):
        RunFolder(tmp_path).open(CONFIG, fresh=fresh)


def test_a_file_is_no_folder_and_a_broken_record_is_named(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(DataError, match="need a folder, this is a file"):
        RunFolder(path).open(CONFIG)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(DataError, match=r"run\.json: the record of a run cannot be read"):
        RunFolder(tmp_path / "run").open(CONFIG)
