"""The digits that scikit-learn carries, as a folder."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dlzoo.data import open_images, read_image, write_digits
from dlzoo.errors import DataError


def test_the_images_are_scikit_learns(tmp_path):
    folder = write_digits(tmp_path / "deep" / "digits")
    digits = load_digits()
    for number in (0, 5, 1796):
        path = folder / str(digits.target[number]) / f"{number:04d}.png"
        values = read_image(path)[:, :, 0] / 255 * 16
        np.testing.assert_allclose(values, digits.images[number], atol=0.04)
    dataset = open_images(folder)
    assert dataset.classes == tuple("0123456789")
    assert sum(map(len, dataset.splits.values())) == 1797
    assert [path.name for path in folder.parent.iterdir()] == ["digits"]


def test_a_complete_folder_is_used_again(tmp_path):
    folder = write_digits(tmp_path / "digits")
    before = (folder / "0" / "0000.png").stat().st_mtime_ns
    assert write_digits(str(folder)) == folder
    assert (folder / "0" / "0000.png").stat().st_mtime_ns == before


@pytest.mark.parametrize("change", ["missing", "foreign", "other"])
def test_a_folder_of_something_else_is_an_error(tmp_path, change):
    folder = tmp_path / "digits"
    if change == "other":
        folder.mkdir()
    else:
        write_digits(folder)
    if change == "missing":
        (folder / "0" / "0000.png").unlink()
    if change == "foreign":
        (folder / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds something else"):
        write_digits(folder)
