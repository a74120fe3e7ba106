"""CSVs of images: what is read, what is decided, and every way in which one can be wrong."""

import numpy as np
import pytest
from PIL import Image

from dlzoo.data import ImageDataset, TargetDataset, choose_targets, open_images, read_table
from dlzoo.data.dividing import strata
from dlzoo.errors import DataError

HALVES = {"train": 0.5, "test": 0.5}


@pytest.fixture
def write(tmp_path):
    """Writes a CSV, and an image of its own colour for each file that it names."""

    def write(text, *, name="labels.csv", images=True, encoding="utf-8"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        for number in range(60) if images else ():
            if f"{number}.png," not in text:
                continue
            colour = (number, 100, 7)
            Image.new("RGB", (5, 4), colour).save(tmp_path / f"{number}.png")
        return tmp_path / name

    return write


def rows(count, cells, head="path,y"):
    return "\n".join([head, *(f"{i}.png,{cells(i)}" for i in range(count))])


def kinds(path, targets=None):
    return {t.name: t.kind for t in choose_targets(read_table(path), targets).targets}


@pytest.mark.parametrize(
    "cells, kind, labels",
    [
        (["cat", "dog", "bird", "cat"], "multiclass", ("bird", "cat", "dog")),
        (["cat", "dog", "", "cat"], "binary", ("cat", "dog")),
        (["Yes", "no", "yes", "No"], "binary", ("no", "yes")),
        (["true", "false", "true", ""], "binary", ("false", "true")),
        (["1", "0", "1", "1"], "binary", ("0", "1")),
        (["1", "2", "3", "1"], "multiclass", ("1", "2", "3")),
        (["1.5", "2", "3", ""], "regression", ()),
        ([str(i) for i in range(20)], "regression", ()),
        (["a;b", "b", "-", "a"], "multilabel", ("a", "b")),
        (["a|b", "c", "b", ""], "multilabel", ("a", "b", "c")),
    ],
)
def test_the_kind_follows_from_the_cells(write, cells, kind, labels):
    chosen = choose_targets(read_table(write(rows(len(cells), cells.__getitem__))))
    (target,) = chosen.targets
    assert (target.kind, target.labels) == (kind, labels)
    assert f"Column 'y': {kind}" in chosen.notes[0]


def test_values_of_every_kind_and_holes(write):
    path = write(
        "path,wet,kind,tags,age\n"
        "0.png,yes,ant,a;b,1.5\n"
        "1.png,no,bee,-,\n"
        "2.png,,cat,,-2e1\n"
        "3.png,yes,,b,3\n"
    )
    chosen = choose_targets(read_table(path))
    nan = np.nan
    np.testing.assert_array_equal(chosen.values["wet"], [1, 0, nan, 1])
    np.testing.assert_array_equal(chosen.values["kind"], [0, 1, 2, nan])
    np.testing.assert_array_equal(chosen.values["tags"], [[1, 1], [0, 0], [nan, nan], [0, 1]])
    np.testing.assert_array_equal(chosen.values["age"], [1.5, nan, -20, 3])
    assert chosen.describe(1) == "wet=no; kind=bee; tags=none; age=unknown"
    assert "1 of 4 cells are empty: not learnt from, not scored" in chosen.notes[0]
    assert "For 'none of the labels' write -." in chosen.notes[2]


def test_an_empty_cell_of_a_sole_multi_label_column_means_none(write):
    chosen = choose_targets(read_table(write("path,tags\n0.png,a;b\n1.png,\n2.png,-\n")))
    np.testing.assert_array_equal(chosen.values["tags"], [[1, 1], [0, 0], [0, 0]])
    assert "1 empty cells mean 'none of the labels'" in chosen.notes[0]


def test_targets_choose_override_and_gather(write):
    path = write("path,id,n,a,b\n0.png,x,1,1,0\n1.png,y,2,0,yes\n2.png,z,3,0,\n")
    assert kinds(path) == {
        "id": "multiclass", "n": "multiclass", "a": "binary", "b": "binary",
    }  # fmt: skip
    assert kinds(path, ["n", "a"]) == {"n": "multiclass", "a": "binary"}
    assert kinds(path, "n") == {"n": "multiclass"}
    wanted = {"id": "ignore", "n": "regression", "both": ["a", "b"]}
    assert kinds(path, wanted) == {"n": "regression", "both": "multilabel"}
    both = choose_targets(read_table(path), wanted)
    assert both.targets[1].labels == ("a", "b")
    np.testing.assert_array_equal(both.values["both"], [[1, 0], [0, 1], [0, np.nan]])


def test_a_row_without_any_value_is_left_out(write):
    chosen = choose_targets(read_table(write("path,y,z\n0.png,1,0\n1.png,,\n2.png,0,1\n")))
    assert len(chosen.table.images) == len(chosen.values["y"]) == 2
    assert chosen.notes[-1] == "1 rows have no value in any column: left out."


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiters_and_the_byte_order_mark(write, delimiter, encoding):
    text = 'Image,Größe,tags\n0.png,1,"a|b"\n\n sub/../1.png , 2,b\n'
    path = write(text.replace(",", delimiter), encoding=encoding)
    table = read_table(path)
    assert list(table.columns) == ["Größe", "tags"]
    assert table.images == (path.parent / "0.png", path.parent / "1.png")
    assert table.columns["Größe"].cells == ("1", "2")
    assert table.lines == (2, 4)


def test_labels_separated_by_the_usual_delimiter_do_not_confuse(write):
    table = read_table(write("path,labels\n0.png,a;b;c\n1.png,a;d\n"))
    assert table.columns["labels"].cells == ("a;b;c", "a;d")


def test_the_same_row_twice_is_one(write):
    table = read_table(write("path,y\n0.png,1\n1.png,0\n./0.png,1\n"))
    assert table.lines == (2, 3)
    assert table.notes[0].endswith("1 rows repeat another: left out.")


@pytest.mark.parametrize(
    "text, match",
    [
        ("", "the file is empty"),
        ("path,y\n", "there is a header and no row below it"),
        ("picture,y\n0.png,1\n", r"no column for the image.*'filename'.*\['picture', 'y'\]"),
        ("path,file,y\n0.png,0.png,1\n", "'path' and 'file' could both hold the image"),
        ("path,y,Y\n0.png,1,2\n", "the header has the column 'y' twice"),
        ("path,,y\n0.png,1,2\n", "column 2 of the header is empty"),
        ("path,y\n0.png,1\n1.png,1,2\n", "line 3: 3 cells, the header has 2"),
        ("path,y\n0.png,1\n ,2\n", "line 3: no image"),
        ("path,y,split\n0.png,1,train\n1.png,2,trian\n", "line 3: 'trian' is not a split"),
        ("path,y,split\n0.png,1,train\n1.png,2,\n", "line 3: no split"),
        ("path,y\n0.png,1\n1.png,2\n0.png,2\n", "line 4: .*0.png is in line 2 already"),
    ],
)
def test_files_that_cannot_be_read(write, text, match):
    with pytest.raises(DataError, match=f"(?s){match}"):
        read_table(write(text, images=False))


def test_other_encodings_and_missing_files_are_told(write, tmp_path):
    with pytest.raises(DataError, match=r"labels.csv, line 2: the file must be UTF-8"):
        read_table(write("path,y\n0.png,ä\n", encoding="latin-1", images=False))
    with pytest.raises(DataError, match=r"nothing.csv: there is no such file"):
        open_images(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    "text, targets, match",
    [
        ("path,y\n0.png,a\n1.png,a\n", None, "'y' is 'a' in every row.*'ignore'"),
        ("path,y,z\n0.png,a,\n1.png,b,\n", None, "'z' is empty"),
        ("path,y\n0.png,a;b\n1.png,a;b\n", None, "in every row"),
        ("path,y\n0.png,-\n1.png,-\n", {"y": "multilabel"}, "in every row"),
        ("path,y\n0.png,1\n1.png,old\n", {"y": "regression"}, "line 3: 'old' is no number"),
        ("path,y\n0.png,1\n1.png,inf\n", {"y": "regression"}, "line 3: 'inf' is no number"),
        ("path,y\n0.png,a\n1.png,b\n2.png,c\n", {"y": "binary"}, "line 4: 'c' is a third"),
        ("path,y\n0.png,a\n1.png,b\n", {"age": "regression"}, "no column 'age'; it has 'y'"),
        ("path,y\n0.png,a\n1.png,b\n", ["z"], "no column 'z'"),
        ("path,y\n0.png,a\n1.png,b\n", {"y": "ignore"}, "no column to learn"),
        ("path\n0.png\n", None, "no column to learn"),
        ("path,y,z\n0.png,1,0\n1.png,0,q\n", {"t": ["y", "z"]}, "line 3: 'q' in column 'z'"),
    ],
)
def test_columns_that_cannot_be_learnt(write, text, targets, match):
    with pytest.raises(DataError, match=f"(?s){match}"):
        choose_targets(read_table(write(text, images=False)), targets)


@pytest.mark.parametrize(
    "targets, match",
    [
        ({"y": "classes"}, r"targets\['y'\] must be one of"),
        ({"y": ["y2"], "z": 3}, "a kind, or a list of columns"),
        (3, "targets must be None, a list of columns, or a dict"),
    ],
)
def test_targets_are_checked(write, targets, match):
    with pytest.raises(ValueError, match=match):
        choose_targets(read_table(write("path,y,y2,z\n0.png,1,0,1\n", images=False)), targets)


def test_one_wrong_number_among_many_is_told_not_taken_for_a_class(write):
    path = write(rows(30, lambda i: "12,5".join(['"', '"']) if i == 7 else i), images=False)
    with pytest.raises(DataError, match=r"line 9: '12,5' is no number(?s:.*)correct these"):
        choose_targets(read_table(path))


def test_texts_that_are_all_different_are_no_classes(write):
    path = write(rows(30, lambda i: f"photo of {i}"), images=False)
    with pytest.raises(DataError, match="30 different texts in 30 cells; these are no classes"):
        choose_targets(read_table(path))


def test_a_column_of_classes_is_opened_like_folders(write):
    path = write(rows(60, lambda i: "abc"[i % 3]))
    dataset = open_images(path)
    assert isinstance(dataset, ImageDataset)
    assert dataset.classes == ("a", "b", "c")
    pairs = [(path.parent / f"{i}.png", "abc"[i % 3]) for i in range(60)]
    assert dataset.fingerprint == open_images(pairs).fingerprint
    assert "multiclass, 3 labels (3 different texts)" in dataset.notes[0]


def test_a_table_is_divided_by_its_classes_and_labels(write):
    def cells(i):
        tags = "x;rare" if i % 10 == 3 else "x;y"
        return f"{'no' if i % 5 else 'yes'},{tags},{i}"

    path = write(rows(60, cells, "path,wet,tags,size"))
    dataset = open_images(path, fractions=HALVES)
    assert isinstance(dataset, TargetDataset)
    assert {name: len(part) for name, part in dataset.splits.items()} == {
        "train": 30, "test": 30,
    }  # fmt: skip
    for part in dataset.splits.values():
        assert part.values["wet"].sum() == 6
        assert part.values["tags"][:, dataset.targets[1].labels.index("rare")].sum() == 3
    again = open_images(path, fractions=HALVES)
    assert again.fingerprint == dataset.fingerprint
    assert open_images(path, fractions=HALVES, seed=1).fingerprint != dataset.fingerprint
    assert "wet (binary), tags (multilabel), size (regression)" in str(dataset)
    assert dataset.to_dict()["splits"] == {"train": 30, "test": 30}


def test_the_splits_of_a_table(write):
    head = "path,size,split"
    path = write(rows(40, lambda i: f"{i / 2},{'val' if i % 4 == 0 else 'Train'}", head))
    dataset = open_images(path, fractions={"train": 0.5, "dev": 0.25, "test": 0.25})
    assert {name: len(part) for name, part in dataset.splits.items()} == {
        "train": 20, "dev": 10, "test": 10,
    }  # fmt: skip
    np.testing.assert_array_equal(dataset.splits["dev"].values["size"], np.arange(0, 20, 2))


@pytest.mark.parametrize("other", ["", ",{}"])
def test_a_class_that_is_never_in_train(write, other):
    def cells(i):
        return f"{'cde'[i % 2] if i else 'z'},{'train' if i % 2 else 'test'}{other.format(i)}"

    path = write(rows(10, cells, head=f"path,kind,split{',size' if other else ''}"))
    with pytest.raises(DataError, match="line 2: 'z' of 'kind' is in test and never in train"):
        open_images(path)


def test_a_rare_answer_that_falls_into_another_split_is_told(write):
    path = write(rows(40, lambda i: f"{i % 2},{'x;rare' if i == 3 else 'x'}", "path,wet,tags"))
    notes = set()
    for seed in range(6):
        dataset = open_images(path, fractions=HALVES, seed=seed)
        rare = dataset.splits["train"].values["tags"][:, 0].sum()
        assert dataset.targets[1].labels[0] == "rare"
        told = [note for note in dataset.notes if "never in train" in note]
        assert bool(told) == (rare == 0)
        notes |= set(told)
    assert notes == {"'rare' of 'tags' is in test and never in train: it cannot be learnt "
                     "(1 images)."}  # fmt: skip


def test_a_quantity_needs_two_values_to_be_learnt(write):
    path = write(rows(10, lambda i: f"{i / 2 if i < 5 else 7},{'test' if i < 5 else 'train'}",
                      "path,size,split"))  # fmt: skip
    with pytest.raises(DataError, match="'size' has fewer than two different values in train"):
        open_images(path, fractions={"train": 0.5, "test": 0.5})


def test_missing_and_broken_images_are_told_with_their_lines(write):
    path = write("path,size\n0.png,1\n77.png,2.5\n2.png,3\n3.png,4\n4.png,6\n")
    (path.parent / "3.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"(?s)line 3: .*77.png.*line 5: .*3.png"):
        open_images(path)
    dataset = open_images(path, on_bad_image="skip", fractions={"train": 1.0})
    assert len(dataset.splits["train"]) == 3
    classes = write("path,kind\n0.png,a\n77.png,b\n2.png,c\n", name="classes.csv")
    with pytest.raises(DataError, match=r"line 3: .*77.png"):
        open_images(classes, fractions={"train": 1.0})


def test_copies_stay_on_one_side_and_must_agree(write):
    path = write(rows(40, lambda i: f"{i % 20}.5,{'yes' if i % 2 else 'no'}", "path,size,wet"))
    for number in range(20):  # image 20 + n is a copy of image n
        copy = path.parent / f"{number + 20}.png"
        copy.write_bytes((path.parent / f"{number}.png").read_bytes())
    dataset = open_images(path, fractions=HALVES)
    for part in dataset.splits.values():
        numbers = {int(p.stem) for p in part.paths}
        assert {n % 20 for n in numbers} | {n % 20 + 20 for n in numbers} == numbers
    text = path.read_text().replace("25.png,5.5", "25.png,7")
    path.write_text(text)
    with pytest.raises(DataError, match=r"(?s)same image has two labels.*size=5.5; wet=yes"):
        open_images(path)
    dropped = open_images(path, on_duplicate="drop")
    assert sum(map(len, dropped.splits.values())) == 38


def test_targets_are_for_tables(tmp_path):
    with pytest.raises(ValueError, match=r"targets are for a \.csv file"):
        open_images(tmp_path, targets=["age"])


def test_strata_are_merged_until_they_are_large_enough():
    keys = [("a", 1)] * 4 + [("a", 2)] * 2 + [("b", 1)] * 4 + [("c", 1)]
    found = strata(keys, range(11), parts=4)
    assert found[:4] == ["('a', 1)"] * 4
    assert found[6:10] == ["('b', 1)"] * 4
    # two of ('a', 2) and one ('c', 1) are too few for anything of their own
    assert set(found[4:6] + found[10:]) <= {"('a', 1)", "('b', 1)"}
    assert strata([()] * 3, "xyz", parts=2) == ["all"] * 3
    # a copy is no example of its own
    assert len(set(strata([("a",)] * 3 + [("b",)] * 3, "xxxabc", parts=3))) == 1
