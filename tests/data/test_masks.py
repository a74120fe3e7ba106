"""Images with masks: every layout that is read, and every complaint about one."""

import json

import numpy as np
import pytest
from PIL import Image

from dlzoo.data import decode_pairs, median_frequency_weights, open_masks
from dlzoo.data.polygons import inside_polygon
from dlzoo.errors import DataError

ALL = {"train": 1.0}
PALETTE = {"road": (128, 64, 128), "sky": (70, 130, 180), "void": (0, 0, 0)}


def picture(number, size=(6, 8)):
    return np.full((*size, 3), (number, 255 - number, 10), np.uint8)


def labels(number, classes=3, size=(6, 8)):
    """A mask that has every class and is another for each number."""
    return (np.arange(size[0] * size[1]).reshape(size) + number).astype(np.uint8) % classes


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def folder(root, count=3, classes=3, images="images", masks="masks"):
    for number in range(count):
        save(root / images / f"{number}.png", picture(number))
        save(root / masks / f"{number}.png", labels(number, classes))
    return root


def test_folders_of_splits(tmp_path):
    for split, count in (("train", 4), ("val", 2), ("test", 1)):
        folder(tmp_path / split, count)
    dataset = open_masks(tmp_path, fractions=ALL, on_duplicate="keep")
    assert {name: len(part) for name, part in dataset.splits.items()} == {
        "train": 4,
        "dev": 2,
        "test": 1,
    }
    assert dataset.classes == ("0", "1", "2")
    image, mask = dataset.splits["train"].read(3)
    np.testing.assert_array_equal(image, picture(3))
    np.testing.assert_array_equal(mask, labels(3))
    assert dataset.splits["train"].pixels.tolist() == [[16, 16, 16, 0]] * 4


@pytest.mark.parametrize("images, masks", [("images", "masks"), ("image", "label")])
def test_flat_folders_are_divided_the_same_each_time(tmp_path, images, masks):
    folder(tmp_path, 20, images=images, masks=masks)
    fractions = {"train": 0.8, "dev": 0.1, "test": 0.1}
    first, again = (open_masks(tmp_path, fractions=fractions, seed=1) for _ in range(2))
    other = open_masks(tmp_path, fractions=fractions, seed=2)
    assert [len(part) for part in first.splits.values()] == [16, 2, 2]
    assert first.splits["test"].paths == again.splits["test"].paths
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_a_rare_class_comes_into_every_split(tmp_path):
    folder(tmp_path, 20, classes=2)
    for number in (0, 1, 2):
        mask = labels(number, 2)
        mask[0, 0] = 2
        save(tmp_path / "masks" / f"{number}.png", mask)
    fractions = {"train": 0.8, "dev": 0.1, "test": 0.1}
    dataset = open_masks(tmp_path, fractions=fractions)
    assert [int(part.pixels[:, 2].sum()) for part in dataset.splits.values()] == [1, 1, 1]


def test_splits_inside_images_and_masks_with_an_ending(tmp_path):
    for split in ("train", "test"):
        save(tmp_path / "images" / split / "a" / "x.jpg", picture(1 + len(split)))
        save(tmp_path / "masks" / split / "a" / "x_mask.png", labels(len(split)))
    dataset = open_masks(tmp_path, fractions=ALL)
    assert {name: len(part) for name, part in dataset.splits.items()} == {
        "train": 1,
        "test": 1,
    }


def test_pairs_and_dicts(tmp_path):
    folder(tmp_path, 4)
    pairs = [
        (tmp_path / "images" / f"{i}.png", tmp_path / "masks" / f"{i}.png") for i in "0123"
    ]
    assert len(open_masks(pairs, fractions=ALL).splits["train"]) == 4
    dataset = open_masks({"train": pairs[:3], "test": pairs[3:]}, fractions=ALL)
    assert dataset.splits["test"].paths == (pairs[3][0],)
    both = (tmp_path / "images", tmp_path / "masks")
    assert len(open_masks({"train": both}, fractions=ALL).splits["train"]) == 4
    assert len(open_masks({"train": tmp_path}, fractions=ALL).splits["train"]) == 4


@pytest.mark.parametrize("white", [1, 255])
def test_foreground_and_background(tmp_path, white):
    folder(tmp_path, 2)
    for number in range(2):
        save(tmp_path / "masks" / f"{number}.png", labels(number, 2) * np.uint8(white))
    dataset = open_masks(tmp_path, fractions=ALL)
    assert dataset.classes == ("background", "foreground")
    np.testing.assert_array_equal(dataset.splits["train"].read(1)[1], labels(1, 2))


def test_indexed_masks_and_void(tmp_path):
    folder(tmp_path, 2)
    for number in range(2):
        mask = labels(number)
        mask[0] = 255
        image = Image.fromarray(mask)
        image.putpalette(list(range(256)) * 3)
        assert image.mode == "P"
        image.save(tmp_path / "masks" / f"{number}.png")
    (tmp_path / "classes.txt").write_text("sky\nroad\nside walk\n")
    dataset = open_masks(tmp_path, fractions=ALL)
    assert dataset.classes == ("sky", "road", "side walk")
    assert (dataset.splits["train"].read(0)[1][0] == dataset.void).all()
    assert dataset.splits["train"].pixels[0, -1] == 8
    chosen = open_masks(tmp_path, fractions=ALL, void=["sky", 255])
    assert chosen.classes == ("road", "side walk")
    expected = np.array([255, 0, 1], np.uint8)[labels(0)[1:]]
    np.testing.assert_array_equal(chosen.splits["train"].read(0)[1][1:], expected)


@pytest.mark.parametrize("form", ["name,r,g,b\n{0},{1}\n", "{1} {0}\n", "{0}, {1}\n"])
def test_colour_coded_masks(tmp_path, form):
    folder(tmp_path, 2)
    for number in range(2):
        save(
            tmp_path / "masks" / f"{number}.png",
            np.array(list(PALETTE.values()), np.uint8)[labels(number)],
        )
    header, _, row = form.rpartition("\n")[0].rpartition("\n")
    separator = "," if row == "{0},{1}" else " "
    rows = [row.format(n, separator.join(map(str, c))) for n, c in PALETTE.items()]
    (tmp_path / "palette.csv").write_text("\n".join([*header.splitlines(), *rows]))
    dataset = open_masks(tmp_path, fractions=ALL)
    assert dataset.classes == ("road", "sky")
    expected = np.array([0, 1, 255], np.uint8)[labels(1)]
    np.testing.assert_array_equal(dataset.splits["train"].read(1)[1], expected)
    again = open_masks(tmp_path, palette=PALETTE, fractions=ALL)
    assert again.fingerprint == dataset.fingerprint
    with pytest.raises(DataError, match=r"0\.png: .* the colours \(70, 130, 180\), which are"):
        open_masks(tmp_path, palette=PALETTE | {"sky": (1, 2, 3)}, fractions=ALL)
    (tmp_path / "palette.csv").unlink()
    with pytest.raises(DataError, match=r"0\.png: the mask is colour-coded. Pass palette="):
        open_masks(tmp_path, fractions=ALL)


def test_sizes_are_changed_together(tmp_path):
    pattern = np.kron([[0, 1], [2, 0]], np.ones((8, 8))).astype(np.uint8)
    for number in range(2):
        pixels = np.stack([pattern * 100, pattern * 0 + number, pattern], axis=-1)
        save(tmp_path / "images" / f"{number}.png", pixels)
        save(tmp_path / "masks" / f"{number}.png", pattern)
    dataset = open_masks(tmp_path, fractions=ALL, on_duplicate="keep")
    image, mask = dataset.splits["train"].read(0, (8, 4))
    assert image.shape == (8, 4, 3)
    np.testing.assert_array_equal(mask, pattern[::2, ::4])
    inner = np.ix_([1, 6], [0, 3])  # away from the edges, where the image is smooth
    np.testing.assert_array_equal(image[inner][..., 0], mask[inner] * 100)
    stacked = decode_pairs(dataset.splits["train"], (8, 4))
    lazy = decode_pairs(dataset.splits["train"], (8, 4), memory_limit=1)
    assert type(stacked) is not type(lazy)
    for one, other in zip(stacked[[1, 0]], lazy[[1, 0]], strict=True):
        np.testing.assert_array_equal(one, other)


def test_coco(tmp_path):
    save(tmp_path / "train" / "a.png", picture(1))
    save(tmp_path / "train" / "b.png", picture(2))
    content = {
        "images": [
            {"id": 7, "file_name": "a.png", "height": 6, "width": 8},
            {"id": 8, "file_name": "b.png", "height": 6, "width": 8},
        ],
        "categories": [{"id": 9, "name": "cell"}, {"id": 3, "name": "dish"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 9,
             "segmentation": [[2, 1, 4, 1, 4, 3, 2, 3]]},
            {"id": 2, "image_id": 7, "category_id": 3,
             "segmentation": [[0, 0, 8, 0, 8, 4, 0, 4]]},
            {"id": 3, "image_id": 7, "category_id": 9, "iscrowd": 1,
             "segmentation": {"size": [6, 8], "counts": [5, 1, 42]}},
            # what pycocotools makes of the same: the last pixel of the first column
            {"id": 4, "image_id": 8, "category_id": 9,
             "segmentation": {"size": [6, 8], "counts": "51Z1"}},
        ],
    }  # fmt: skip
    path = tmp_path / "train" / "_annotations.coco.json"
    path.write_text(json.dumps(content))
    dataset = open_masks(tmp_path, fractions=ALL)
    assert dataset.classes == ("background", "dish", "cell")
    expected = np.zeros((6, 8), np.uint8)
    expected[:4] = 1
    expected[1:3, 2:4] = 2
    expected[5, 0] = 255
    np.testing.assert_array_equal(dataset.splits["train"].read(0)[1], expected)
    single = (np.arange(48).reshape(8, 6).T == 5) * 2
    np.testing.assert_array_equal(dataset.splits["train"].read(1)[1], single)
    assert open_masks(path, fractions=ALL).fingerprint == dataset.fingerprint
    content["annotations"][0]["segmentation"] = [[1, 2, 3]]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"image a\.png: an outline is damaged"):
        open_masks(path, fractions=ALL)
    content["annotations"][0]["category_id"] = 1
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="annotation 1 is for image 7 and category 1"):
        open_masks(path, fractions=ALL)


def test_polygons_with_a_common_edge_share_no_pixel():
    left = inside_polygon([0, 0, 5.3, 0, 2.1, 9, 0, 9], (9, 9))
    right = inside_polygon([5.3, 0, 9, 0, 9, 9, 2.1, 9], (9, 9))
    assert (left ^ right).all()
    bow = inside_polygon([0, 0, 8, 8, 8, 0, 0, 8], (8, 8))  # crosses itself
    assert bow[4, 1]
    assert not bow[1, 4]


def spoil(root, name, content):
    path = root / name
    path.with_suffix(".png").unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        save(path, content)


BAD = [  # the file that is spoilt, what becomes of it, and what is said
    ("masks/1.png", None, r"1\.png: there is no mask .*masks.1\.png"),
    ("images/1.png", None, r"masks.1\.png: there is no image for"),
    (
        "masks/1.png",
        labels(1, size=(8, 6)),
        r"the mask is 6 x 8 pixels, its image 1\.png 8 x 6",
    ),
    (
        "masks/1.png",
        labels(1) + np.uint8(7),
        r"1\.png: 48 pixels have the labels 7, 8, 9, which are no class \(3 classes: 0, 1, 2\)",
    ),
    ("masks/1.jpg", labels(1), r"1\.jpg: the mask is saved as JPEG, which blurs labels"),
    ("masks/1.png", b"", r"masks.1\.png: the file is empty"),
    ("images/1.png", b"x" * 9, r"images.1\.png: .* no image"),
]


@pytest.mark.parametrize("name, content, message", BAD)
def test_bad_data_is_named_or_left_out(tmp_path, name, content, message):
    spoil(folder(tmp_path), name, content)
    names = ["a", "b", "c"]
    with pytest.raises(DataError, match=message):
        open_masks(tmp_path, classes=names, fractions=ALL)
    dataset = open_masks(tmp_path, classes=names, fractions=ALL, on_bad_image="skip")
    assert [path.name for path in dataset.splits["train"].paths] == ["0.png", "2.png"]
    assert "1 image left out as unusable" in "".join(dataset.notes)


def test_all_problems_come_at_once(tmp_path):
    folder(tmp_path, 5)
    spoil(tmp_path, "masks/1.png", None)
    spoil(tmp_path, "images/3.png", None)
    save(tmp_path / "masks" / "2.png", labels(0, size=(2, 2)))
    with pytest.raises(DataError, match=r"(?s)3 images cannot.*2\.png.*1\.png.*3\.png"):
        open_masks(tmp_path, fractions=ALL)


def test_masks_that_are_pictures(tmp_path):
    for number in range(2):
        save(tmp_path / "images" / f"{number}.png", picture(number, (16, 16)))
        mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
        save(tmp_path / "masks" / f"{number}.png", mask)
    with pytest.raises(
        DataError, match="hold 255 different values, 0 to 254: are they pictures"
    ):
        open_masks(tmp_path, fractions=ALL)


def test_sparse_values_need_names(tmp_path):
    folder(tmp_path, 2)
    for number in range(2):
        save(tmp_path / "masks" / f"{number}.png", labels(number) * np.uint8(100))
    with pytest.raises(DataError, match="hold the values 0, 100, 200, which do not look like"):
        open_masks(tmp_path, fractions=ALL)
    named = {"sky": 0, "road": 100, "sea": 200}
    dataset = open_masks(tmp_path, classes=named, fractions=ALL)
    np.testing.assert_array_equal(dataset.splits["train"].read(1)[1], labels(1))


def test_the_same_image_with_two_masks_or_in_two_splits(tmp_path):
    for split in ("train", "test"):
        folder(tmp_path / split, 2)
    with pytest.raises(DataError, match="the same image is in two splits"):
        open_masks(tmp_path, fractions=ALL)
    flat = folder(tmp_path / "flat", 3)
    save(flat / "images" / "1.png", picture(0))
    with pytest.raises(DataError, match=r"the same image has two labels:\n.*mask"):
        open_masks(flat, fractions=ALL)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"classes": ["a", "b"], "palette": PALETTE}, "pass classes or palette, not both"),
        ({"classes": ["a", "a"]}, "each class must be named once"),
        ({"classes": 3}, "classes must be names in the order"),
        ({"classes": {"a": 0, "b": 0}}, "each class must have a value of its own"),
        ({"classes": ["only"]}, "there must be 2 to 254 classes besides void; got 1"),
        ({"void": "sky"}, "void must be a class of the palette or list, or a value"),
        ({"palette": {"a": (1, 2), "b": (0, 0, 0)}}, r"must be \(red, green, blue\)"),
        ({"on_bad_image": "ignore"}, "on_bad_image must be one of"),
        ({"fractions": {"test": 1.0}}, "fractions must have 'train'"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        open_masks(folder(tmp_path, 1), **arguments)


def test_bad_folders(tmp_path):
    with pytest.raises(DataError, match="there is no such folder"):
        open_masks(tmp_path / "no")
    with pytest.raises(DataError, match="expected images/ and masks/ in it"):
        open_masks(tmp_path)
    folder(tmp_path, 1)
    save(tmp_path / "masks" / "other.png", labels(1))
    (tmp_path / "masks" / "0.png").unlink()
    with pytest.raises(
        DataError, match=r"none of its 1 images has a mask .*0\.png needs 0\.png"
    ):
        open_masks(tmp_path)
    with pytest.raises(DataError, match="data must be a folder with images/ and masks/"):
        open_masks(3)
    (tmp_path / "palette.csv").write_text("name,r,g,b\nsky,1,2\n")
    with pytest.raises(DataError, match=r"palette\.csv, line 2: a line of a palette is"):
        open_masks(folder(tmp_path, 1))


def test_one_class_cannot_be_learnt(tmp_path):
    folder(tmp_path, 2, classes=1)
    with pytest.raises(DataError, match="hold one class only, 'a'"):
        open_masks(tmp_path, classes=["a", "b"], fractions=ALL)


def test_median_frequency_by_hand():
    pixels = [[50, 50, 0, 100], [0, 100, 0, 0]]  # class 0 is in the first image only
    found = median_frequency_weights(pixels)
    shares = [50 / 100, 150 / 200]
    np.testing.assert_allclose(found, [*(np.median(shares) / shares), 0])


def test_real_data(test_data):
    names = "Sky Building Pole Road Pavement Tree SignSymbol Fence Car Pedestrian Bicyclist"
    dataset = open_masks(test_data / "camvid", classes=names.split(), void=11, fractions=ALL)
    assert [len(part) for part in dataset.splits.values()] == [367, 101, 233]
    assert dataset.notes == ()
    image, mask = dataset.splits["test"].read(0)
    assert image.shape == (180, 240, 3)
    assert set(np.unique(mask)) <= {*range(11), 255}
    slices = open_masks(test_data / "isbi2012", fractions={"train": 0.8, "test": 0.2})
    assert [len(part) for part in slices.splits.values()] == [24, 6]
