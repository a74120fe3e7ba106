"""Files that are not weights, or not any more: each is told clearly."""

import json
import struct
import zipfile

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

from dlzoo.errors import WeightsError
from dlzoo.weights import read_tensors

HTML = b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title>"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n"


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is empty. Delete it"),
        (HTML, "looks like a web page"),
        (b"\xef\xbb\xbf<html lang='en'>", "looks like a web page"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "looks like a web page"),
        (LFS, "is a Git LFS pointer.*git lfs pull"),
        (b"\x89PNG\r\n\x1a\nrest", r"unknown content, first bytes b'\\x89PNG.*HDF5"),
        (b"\0\0\0\1" * 8, "unknown content"),
        (b"epoch,loss\n1,0.3\n", r"unknown content, first bytes b'epoch,loss.*safetensors"),
    ],
)
def test_other_content(tmp_path, content, words):
    path = tmp_path / "resnet50.h5"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"resnet50.h5: .*{words}"):
        read_tensors(path)


def test_no_file(tmp_path):
    with pytest.raises(WeightsError, match=r"none.h5: no such file. weights takes a path"):
        read_tensors(tmp_path / "none.h5")
    with pytest.raises(WeightsError, match="is a folder; pass the file of weights in it"):
        read_tensors(tmp_path)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64)])
    model.save(folder / "x.keras")
    model.save_weights(folder / "x.weights.h5")
    numbers = np.arange(4096, dtype="float32").reshape(64, 64)
    save_file({"a": numbers, "b": numbers}, folder / "x.safetensors")
    return folder


@pytest.mark.parametrize("name", ["x.keras", "x.weights.h5", "x.safetensors"])
@pytest.mark.parametrize("part", [0.01, 0.5, 0.99])
def test_cut_short(written, tmp_path, name, part):
    whole = (written / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: max(16, int(len(whole) * part))])
    with pytest.raises(WeightsError, match=f"{name}: .*cut short"):
        read_tensors(path)


def test_a_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("photo.jpg", b"123")
    with pytest.raises(WeightsError, match=r"unknown content, first bytes b'PK"):
        read_tensors(tmp_path / "x.zip")


def test_an_archive_without_weights(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(WeightsError, match=r"without model.weights.h5"):
        read_tensors(tmp_path / "x.keras")


def test_no_tensors(tmp_path):
    save_file({}, tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match="without any weights"):
        read_tensors(tmp_path / "x.safetensors")
    model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU()])
    model.save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(WeightsError, match="without any weights"):
        read_tensors(tmp_path / "x.weights.h5")


def safetensors(path, entry):
    header = json.dumps({"a": entry}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))
    return path


def test_damaged_safetensors(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", 9) + b'{"a": }}}' + bytes(20))
    with pytest.raises(WeightsError, match=r"damaged or cut short.*invalid JSON"):
        read_tensors(path)
    wrong = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 20]}
    with pytest.raises(WeightsError, match="damaged or cut short"):
        read_tensors(safetensors(path, wrong))
