"""Folders of text files, a tensor each: their names, their axes, what is wrong with them."""

import numpy as np
import pytest

from dlzoo.errors import WeightsError
from dlzoo.weights import read_tensors
from dlzoo.weights.porting import LAYOUTS, Porting, match

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(4, 3, 2, 5)).astype("float32")  # out, in, height, width
DENSE = RNG.normal(size=(6, 4)).astype("float32")
WANTED = {
    "stem/conv/kernel": (2, 5, 3, 4),
    "stem/bn/moving_variance": (4,),
    "head/kernel": (4, 6),
}
PAIRS = [("stem/conv", "conv1"), ("stem/bn", "bn1"), ("head", "dense")]


@pytest.fixture
def folder(tmp_path):
    """One number a line, one row a line, one line: all are about."""
    np.savetxt(tmp_path / "conv1_w.csv", KERNEL.reshape(-1), "%.9g")
    np.savetxt(tmp_path / "bn1_v.csv", [[1, 2, 3, 4.5]], delimiter=",")
    np.savetxt(tmp_path / "dense_w.csv", DENSE, "%.9g", delimiter=",")
    (tmp_path / "README.txt").write_text("nothing that is read")
    return tmp_path


def test_a_folder_is_read(folder):
    file = read_tensors(folder)
    assert file.layout == "csv"
    assert sorted(file.tensors) == ["bn1_v", "conv1_w", "dense_w"]
    np.testing.assert_array_equal(file.tensors["conv1_w"], KERNEL.reshape(-1))
    assert file.tensors["conv1_w"].dtype == "float32"


def test_shapes_and_axes_are_ours(folder):
    found = match("some", WANTED, read_tensors(folder).tensors, Porting(PAIRS, LAYOUTS["csv"]))
    assert (found.random, found.unused) == ((), ())
    np.testing.assert_array_equal(
        found.values["stem/conv/kernel"], KERNEL.transpose(2, 3, 1, 0)
    )
    np.testing.assert_array_equal(found.values["head/kernel"], DENSE.T)
    np.testing.assert_array_equal(found.values["stem/bn/moving_variance"], [1, 2, 3, 4.5])


def test_another_number_of_numbers_is_refused(folder):
    wanted = WANTED | {"stem/conv/kernel": (2, 5, 3, 8)}
    with pytest.raises(WeightsError, match=r"stem/conv/kernel \(2, 5, 3, 8\) <- conv1_w"):
        match("some", wanted, read_tensors(folder).tensors, Porting(PAIRS, LAYOUTS["csv"]))


def test_what_is_no_number(folder):
    (folder / "bn1_v.csv").write_text("1,2,three,4")
    with pytest.raises(WeightsError, match=r"bn1_v.csv: must hold numbers with commas between"):
        read_tensors(folder)


def test_a_folder_of_other_things(tmp_path):
    (tmp_path / "table.csv").write_text("name,class\na.jpg,1\n")
    with pytest.raises(WeightsError, match="is a folder; pass the file of weights in it"):
        read_tensors(tmp_path)
