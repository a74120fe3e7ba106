"""Opening folders and lists: layouts, splits, and every way in which data can be wrong."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlzoo.data import Examples, open_images
from dlzoo.data.folders import natural_order
from dlzoo.errors import DataError

HALVES = {"train": 0.5, "test": 0.5}


class Painter:
    """Writes images that are all different, and copies of them."""

    def __init__(self, root):
        self.root = root
        self.count = 0

    def __call__(self, *names):
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self.count += 1
            colour = (self.count % 256, self.count // 256, 7)
            Image.new("RGB", (6, 5), colour).save(path, format="PNG")
        return self.root

    def classes(self, where, classes, count):
        for name in classes:
            self(*(Path(where, name, f"{number}.png") for number in range(count)))
        return self.root

    def copy(self, old, new):
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / new).write_bytes((self.root / old).read_bytes())


@pytest.fixture
def paint(tmp_path):
    return Painter(tmp_path / "images")


def sizes(dataset):
    return {name: len(examples) for name, examples in dataset.splits.items()}


def test_a_folder_of_class_folders(paint):
    dataset = open_images(paint.classes("", ["cat", "dog"], 40))
    assert dataset.classes == ("cat", "dog")
    assert sizes(dataset) == {"train": 56, "train_dev": 4, "dev": 8, "test": 12}
    assert dataset.notes == ()
    train = dataset.splits["train"]
    assert isinstance(train, Examples)
    assert train.labels.dtype == np.int64
    for path, label in zip(train.paths, train.labels, strict=True):
        assert path.parent.name == dataset.classes[label]
    paths = [path for part in dataset.splits.values() for path in part.paths]
    assert len(set(paths)) == len(paths) == 80


def test_the_result_prints_and_converts(paint):
    dataset = open_images(paint.classes("", ["cat", "dog"], 4), fractions=HALVES)
    assert str(dataset) == "2 classes; images: train 4, test 4"
    assert dataset.to_dict()["splits"] == {"train": 4, "test": 4}


def test_own_fractions_and_seed(paint):
    folder = str(paint.classes("", ["cat", "dog"], 20))
    first = open_images(folder, fractions=HALVES, seed=3)
    assert sizes(first) == {"train": 20, "test": 20}
    assert first.fingerprint == open_images(folder, fractions=HALVES, seed=3).fingerprint
    assert first.fingerprint != open_images(folder, fractions=HALVES, seed=4).fingerprint


def test_classes_are_in_natural_order(paint):
    dataset = open_images(paint.classes("", ["10", "9", "1"], 4))
    assert dataset.classes == ("1", "9", "10")
    assert natural_order(["b", "1", "a10", "a9", "01", "B"]) == natural_order(
        ["01", "B", "b", "a9", "1", "a10"]
    )


def test_nested_folders_count_to_the_class_and_hidden_files_do_not(paint):
    paint.classes("", ["cat", "dog"], 3)
    paint("cat/kittens/small/a.png", "cat/.hidden.png", "cat/.cache/b.png", "dog/4.png")
    for name in ("cat/Thumbs.db", "cat/.DS_Store", "cat/notes.txt", ".git/x"):
        (paint.root / name).parent.mkdir(exist_ok=True)
        (paint.root / name).write_text("x")
    dataset = open_images(paint.root)
    assert sum(sizes(dataset).values()) == 8
    (note,) = dataset.notes
    assert "1 files .txt: left out" in note


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_links_that_go_in_circles(paint):
    paint.classes("", ["cat", "dog"], 4)
    os.symlink(paint.root / "cat", paint.root / "cat" / "again")
    assert sum(sizes(open_images(paint.root)).values()) == 8


def test_split_folders(paint):
    for split in ("train", "train_dev", "valid", "test"):
        paint.classes(split, ["cat", "dog"], 2)
    dataset = open_images(paint.root)
    assert sizes(dataset) == {"train": 4, "train_dev": 4, "dev": 4, "test": 4}
    assert all("valid" in str(path) for path in dataset.splits["dev"].paths)


@pytest.mark.parametrize("name", ["dev", "val", "valid", "validation", "Val"])
def test_names_of_the_dev_folder(paint, name):
    paint.classes("train", ["cat", "dog"], 20)
    paint.classes(name, ["cat", "dog"], 2)
    paint.classes("test", ["cat", "dog"], 2)
    dataset = open_images(paint.root)
    assert sizes(dataset) == {"train": 38, "train_dev": 2, "dev": 4, "test": 4}
    assert dataset.notes == ("Taken from the training images: train_dev (2).",)


def test_missing_splits_come_from_train(paint):
    paint.classes("train", ["cat", "dog"], 20)
    paint.classes("test", ["cat", "dog"], 5)
    dataset = open_images(paint.root)
    assert sizes(dataset) == {"train": 34, "train_dev": 2, "dev": 4, "test": 10}
    assert "Taken from the training images: train_dev (2), dev (4)." in dataset.notes
    no_dev = open_images(paint.root, fractions={"train": 0.9, "train_dev": 0.1})
    assert sizes(no_dev) == {"train": 36, "train_dev": 4, "test": 10}


def test_a_class_called_train(paint):
    dataset = open_images(paint.classes("", ["car", "train"], 4))
    assert dataset.classes == ("car", "train")


def test_a_list(paint):
    folder = paint.classes("", ["a", "b"], 4)
    pairs = [(str(path), 1 if "a" in path.parent.name else 2) for path in folder.rglob("*.png")]
    dataset = open_images(pairs)
    assert dataset.classes == ("1", "2")
    assert sizes(dataset) == {"train": 2, "train_dev": 2, "dev": 2, "test": 2}


def test_a_dict_of_folders_and_lists(paint):
    paint.classes("one", ["a", "b"], 8)
    paint.classes("two", ["a", "b"], 1)
    pairs = [(paint.root / "two" / name / "0.png", name) for name in "ab"]
    dataset = open_images({"train": paint.root / "one", "val": pairs})
    assert sizes(dataset)["dev"] == 2
    assert sum(sizes(dataset).values()) == 18


def test_the_fingerprint_is_the_same_in_another_process_and_place(paint, tmp_path):
    here = open_images(paint.classes("", ["cat", "dog"], 6)).fingerprint
    paint.root.rename(tmp_path / "moved")
    code = (
        "import sys, dlzoo; assert 'keras' not in sys.modules;"
        f"print(dlzoo.data.open_images({str(tmp_path / 'moved')!r}).fingerprint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == here


def raises(data, message, **options):
    with pytest.raises(DataError, match=message):
        open_images(data, **options)


def test_missing_folder(tmp_path):
    raises(tmp_path / "nowhere", "nowhere: there is no such folder")
    raises({"train": tmp_path / "nowhere"}, "nowhere: there is no such folder")


def test_a_file_in_place_of_a_folder(paint):
    raises(paint("a.png") / "a.png", "this is a file. Give a folder")


def test_no_images(tmp_path):
    raises(tmp_path, "no images found. Expected one folder for each class")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.tiff").write_text("x")
    raises(tmp_path, "There are 1 files .tiff")


def test_no_class_folders(paint):
    raises(paint("a.png", "b.png"), "2 images, but no class folders")


def test_loose_images_are_reported(paint):
    paint.classes("", ["cat", "dog"], 4)
    dataset = open_images(paint("loose.png"))
    assert "1 images are in no class folder: left out" in dataset.notes[0]


def test_empty_class_folders_are_named(paint):
    paint.classes("", ["cat", "dog"], 4)
    (paint.root / "eel").mkdir()
    (paint.root / "fox").mkdir()
    raises(paint.root, "no images in the class folders eel, fox")


def test_a_single_class(paint):
    raises(paint.classes("", ["cat"], 9), "there is only one class, 'cat'")


def test_classes_that_differ(paint):
    paint.classes("train", ["cat", "dog", "eel"], 8)
    paint.classes("test", ["cat", "fox", "gnu"], 8)
    raises(
        paint.root,
        "train and test differ. Only in train: dog, eel. Only in test: fox, gnu.",
    )


def test_two_dev_folders(paint):
    for name in ("train", "val", "dev"):
        paint.classes(name, ["cat", "dog"], 8)
    raises(paint.root, "two folders mean the split 'dev'")
    folders = dict.fromkeys(("val", "dev"), paint.root / "val")
    raises(folders, "'dev' is given twice")


def test_a_folder_beside_the_splits_is_reported(paint):
    for name in ("train", "raw"):
        paint.classes(name, ["cat", "dog"], 8)
    assert "raw is not one of the split folders" in open_images(paint.root).notes[0]


def test_no_train(paint):
    raises({"test": paint.classes("", ["a", "b"], 4)}, "no training images, only test")


def test_too_few_images_of_a_class(paint):
    paint.classes("", ["cat", "dog"], 8)
    paint("eel/1.png", "eel/2.png")
    raises(paint.root, "class 'eel' has 2 different images, and 4 are needed")
    assert open_images(paint.root, fractions=HALVES).classes == ("cat", "dog", "eel")


@pytest.mark.parametrize(
    "data, message",
    [
        (7, "must be a folder, a list of .path, label., .*; got int"),
        ([], "the list of images is empty"),
        (["a.png"], "each entry of a list is .path, label.; got 'a.png'"),
    ],
)
def test_what_is_no_data(data, message):
    raises(data, message)


def test_missing_files_of_a_list_are_all_listed(paint):
    pairs = [(path, path.parent.name) for path in paint.classes("", "ab", 4).rglob("*.png")]
    lost = [(paint.root / "a" / f"lost{number}.png", "a") for number in range(2)]
    with pytest.raises(DataError, match="2 images cannot be used") as caught:
        open_images(pairs + lost)
    for path, _ in lost:
        assert f"{path}: there is no such file" in str(caught.value)


def test_bad_images_are_all_listed(paint):
    paint.classes("", ["cat", "dog"], 4)
    for number in range(23):
        (paint.root / "cat" / f"bad{number:02}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="23 images cannot be used") as caught:
        open_images(paint.root)
    assert str(caught.value).count("the file is empty") == 20
    assert "... and 3 more" in str(caught.value)


def test_bad_images_are_skipped_and_reported(paint):
    paint.classes("", ["cat", "dog"], 4)
    whole = (paint.root / "cat" / "0.png").read_bytes()
    (paint.root / "cat" / "half.png").write_bytes(whole[:45])
    dataset = open_images(paint.root, on_bad_image="skip")
    assert sum(sizes(dataset).values()) == 8
    assert "1 image left out as unusable" in dataset.notes[0]
    assert "half.png: the image is damaged or truncated" in dataset.notes[0]


def test_a_class_of_bad_images_only(paint):
    paint.classes("", ["cat", "dog"], 4)
    (paint.root / "eel").mkdir()
    (paint.root / "eel" / "1.png").write_bytes(b"")
    raises(paint.root, "no usable image is left in .* for eel", on_bad_image="skip")


def leaking(paint):
    for split in ("train", "dev", "test"):
        paint.classes(split, ["cat", "dog"], 20)
    paint.copy("train/cat/0.png", "test/cat/copy.png")
    paint.copy("dev/dog/1.png", "train/dog/copy.png")
    return paint.root


def test_the_same_image_in_two_splits(paint):
    with pytest.raises(DataError, match="the same image is in two splits") as caught:
        open_images(leaking(paint))
    message = str(caught.value)
    assert "train/cat/0.png (train, cat)" in message
    assert "test/cat/copy.png (test, cat)" in message
    assert "train/dog/copy.png" in message


def test_drop_removes_the_copy_on_the_training_side(paint):
    dataset = open_images(leaking(paint), on_duplicate="drop")
    assert sizes(dataset)["test"] == 41
    assert sizes(dataset)["dev"] == 40
    assert sizes(dataset)["train"] + sizes(dataset)["train_dev"] == 39
    assert "2 images in two splits (copies dropped)" in dataset.notes[0]
    kept = open_images(paint.root, on_duplicate="keep")
    assert sum(sizes(kept).values()) == 122
    assert "2 images in two splits (kept)" in kept.notes[0]


def test_one_image_under_two_labels(paint):
    paint.classes("", ["cat", "dog"], 8)
    paint.copy("cat/0.png", "dog/copy.png")
    raises(paint.root, "the same image has two labels")
    dropped = open_images(paint.root, on_duplicate="drop")
    assert sum(sizes(dropped).values()) == 15
    assert "1 image under two labels (copies dropped)" in dropped.notes[0]
    kept = open_images(paint.root, on_duplicate="keep")
    assert sum(sizes(kept).values()) == 17


def test_copies_in_undivided_data_go_into_one_split(paint):
    paint.classes("", ["cat", "dog"], 8)
    for number in range(8):
        paint.copy(f"cat/{number}.png", f"cat/copy{number}.png")
    dataset = open_images(paint.root)
    assert "8 images more than once in the same split (kept)" in dataset.notes[0]
    for examples in dataset.splits.values():
        names = [path.name for path in examples.paths if path.parent.name == "cat"]
        assert {n for n in names if "copy" in n} == {
            f"copy{n}" for n in names if "copy" not in n
        }


def test_unequal_classes_are_reported(paint):
    paint.classes("", ["cat"], 20)
    paint.classes("", ["dog"], 4)
    (note,) = open_images(paint.root).notes
    assert "'cat' has 20 images, 'dog' 4" in note


@pytest.mark.parametrize(
    "options, message",
    [
        ({"on_bad_image": "ignore"}, "on_bad_image must be one of"),
        ({"on_duplicate": "ignore"}, "on_duplicate must be one of"),
        ({"fractions": {"train": 0.5, "tst": 0.5}}, "each key of fractions must be one"),
        ({"fractions": {"dev": 0.5, "test": 0.5}}, "fractions must have 'train'"),
        ({"fractions": {"train": 0.5, "test": 0.4}}, "add up to 1"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        open_images("anywhere", **options)


def test_real_data_with_leaks(test_data):
    """The course's SIGNS has 27 images in two splits: the first real catch."""
    raises(test_data / "signs", "the same image is in two splits")
    dataset = open_images(test_data / "signs", on_duplicate="drop")
    assert dataset.classes == tuple("012345")
    assert sizes(dataset)["test"] == 120
