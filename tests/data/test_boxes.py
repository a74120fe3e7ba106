"""Images with boxes: every form that is read, and every complaint about one."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from dlzoo.data import fit_image, open_boxes
from dlzoo.data.plain_yaml import read_plain_yaml
from dlzoo.data.voc import read_voc
from dlzoo.errors import DataError

ALL = {"train": 1.0}


def picture(path, size=(48, 64), number=None):
    """A file of so many rows and columns, each another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(path.stem.encode()) if number is None else number
    pixels = np.random.default_rng(seed).integers(0, 255, (1, 1, 3)).astype("uint8")
    Image.fromarray(np.broadcast_to(pixels, (*size, 3)).copy()).save(path)
    return path


def only(dataset, split="train"):
    """Boxes and labels of a split by the name of its image."""
    part = dataset.splits[split]
    rows = zip(part.paths, part.boxes, part.labels, strict=True)
    return {path.name: (boxes.tolist(), labels.tolist()) for path, boxes, labels in rows}


# --- files that other programs wrote -----------------------------------------------------


def test_voc_by_labelimg(test_data, tmp_path):
    bccd = test_data / "bccd"
    names = {"train": ("BloodImage_00001", "BloodImage_00343"), "test": ("BloodImage_00007",)}
    for kind, suffix in (("Annotations", "xml"), ("JPEGImages", "jpg")):
        (tmp_path / kind).mkdir()
        for name in sum(names.values(), ()):
            shutil.copy(bccd / kind / f"{name}.{suffix}", tmp_path / kind)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split, listed in names.items():
        (lists / f"{split}.txt").write_text("\n".join(listed) + "\n")
    with pytest.raises(DataError, match=r"1 box cannot.*\n.*00343\.xml: box 4 \(RBC; 180, 328"):
        open_boxes(tmp_path, fractions=ALL)
    dataset = open_boxes(tmp_path, fractions=ALL, on_bad_box="clip")
    assert dataset.classes == ("Platelets", "RBC", "WBC")
    assert [path.stem for path in dataset.splits["train"].paths] == list(names["train"])
    boxes, labels = only(dataset)["BloodImage_00001.jpg"]
    assert boxes[0] == [67, 314, 286, 480]  # pixels 68 to 286 and 315 to 480, from 1
    assert dataset.classes[labels[0]] == "WBC"
    assert dataset.splits["train"].sizes.tolist() == [[480, 640]] * 2
    assert "1 box bad (left out)" in dataset.notes[0]


def test_coco_of_mmdetection(tmp_path):
    """tests/data/coco_sample.json of open-mmlab/mmdetection, shortened."""
    box = {"bbox": [0, 0, 20, 20], "area": 400.0, "score": 1.0}
    content = {
        "images": [
            {"file_name": f"fake{n + 1}.jpg", "height": 800, "width": 800, "id": n}
            for n in range(3)
        ],
        "annotations": [
            box | {"category_id": 1, "id": 1, "image_id": 0},
            box | {"category_id": 2, "id": 2, "image_id": 0},
            box | {"category_id": 1, "id": 3, "image_id": 1},
        ],
        "categories": [
            {"id": 1, "name": "bus", "supercategory": "none"},
            {"id": 2, "name": "car", "supercategory": "none"},
        ],
        "licenses": [],
        "info": None,
    }
    (tmp_path / "sample.json").write_text(json.dumps(content))
    for number in range(3):
        picture(tmp_path / f"fake{number + 1}.jpg", (800, 800))
    dataset = open_boxes(tmp_path / "sample.json", fractions=ALL)
    assert dataset.classes == ("bus", "car")
    assert only(dataset)["fake1.jpg"] == ([[0, 0, 20, 20]] * 2, [0, 1])
    assert only(dataset)["fake3.jpg"] == ([], [])
    assert "1 of 3 images in train have no box." in dataset.notes


def test_yolo_of_yolo_mark(tmp_path):
    """x64/Release/data/img and obj.names of AlexeyAB/Yolo_mark, shortened."""
    picture(tmp_path / "air4.jpg", (720, 1280))
    picture(tmp_path / "bird1.jpg", (720, 1280))
    picture(tmp_path / "nothing.jpg", (720, 1280))
    (tmp_path / "air4.txt").write_text(
        "0 0.377734 0.401389 0.132031 0.155556\n0 0.531641 0.949306 0.172656 0.101389\n"
    )
    (tmp_path / "bird1.txt").write_text("1 0.657812 0.411806 0.189063 0.223611\n")
    (tmp_path / "obj.names").write_text("roulette ball\nsingle zero")
    dataset = open_boxes(tmp_path, fractions=ALL)
    assert dataset.classes == ("roulette ball", "single zero")
    found = only(dataset)
    middle, sides = np.array([0.657812, 0.411806]), np.array([0.189063, 0.223611])
    corners = np.concatenate([middle - sides / 2, middle + sides / 2]) * ([1280, 720] * 2)
    np.testing.assert_allclose(found["bird1.jpg"][0][0], corners, atol=1e-3)
    assert found["bird1.jpg"][1] == [1]
    assert found["nothing.jpg"] == ([], [])
    assert "1 images have no text file" in "".join(dataset.notes)


def test_table_of_the_raccoons(tmp_path):
    """data/test_labels.csv of datitran/raccoon_dataset, shortened."""
    (tmp_path / "test_labels.csv").write_text(
        "filename,width,height,class,xmin,ymin,xmax,ymax\n"
        "raccoon-146.jpg,275,183,raccoon,4,4,271,180\n"
        "raccoon-72.jpg,560,420,raccoon,219,195,446,375\n"
        "raccoon-72.jpg,560,420,raccoon,98,34,284,336\n"
    )
    picture(tmp_path / "raccoon-146.jpg", (183, 275))
    picture(tmp_path / "raccoon-72.jpg", (420, 560))
    found = only(open_boxes(tmp_path / "test_labels.csv", fractions=ALL))
    assert found["raccoon-72.jpg"] == ([[219, 195, 446, 375], [98, 34, 284, 336]], [0, 0])


# --- layouts ------------------------------------------------------------------------------


@pytest.mark.parametrize("above", [True, False])
def test_yolo_with_splits(tmp_path, above):
    for split, name in (("train", "a"), ("valid", "b")):
        parts = ("{kind}", split) if above else (split, "{kind}")
        place = "/".join(parts)
        picture(tmp_path / place.format(kind="images") / f"{name}.png")
        text = tmp_path / place.format(kind="labels") / f"{name}.txt"
        text.parent.mkdir(parents=True)
        text.write_text("0 0.5 0.5 0.5 0.5\n1 0.1 0.2 0.9 0.2 0.9 0.8\n")
    (tmp_path / "classes.txt").write_text("cell\nspeck\n")
    by_folders = open_boxes(tmp_path, fractions=ALL)
    assert only(by_folders)["a.png"][0][0] == [16, 12, 48, 36]
    np.testing.assert_allclose(only(by_folders, "dev")["b.png"][0][1], [6.4, 9.6, 57.6, 38.4])
    (tmp_path / "classes.txt").unlink()
    assert open_boxes(tmp_path, fractions=ALL).classes == ("0", "1")
    assert open_boxes(tmp_path, classes=["x", "y"], fractions=ALL).classes == ("x", "y")
    train, val = ("images/train", "images/valid") if above else ("train/images", "valid/images")
    (tmp_path / "data.yaml").write_text(
        f"train: ../{train}\nval: ../{val}\n\nnc: 2\nnames: ['cell', 'speck']\n\n"
        f"roboflow:\n  version: 6\n"
    )
    for data in (tmp_path, tmp_path / "data.yaml"):
        assert open_boxes(data, fractions=ALL).fingerprint == by_folders.fingerprint


def test_one_data_set_in_every_form(tmp_path):
    images = [picture(tmp_path / "images" / f"{n}.png", number=n) for n in range(2)]
    rows = [(images[0], [(10, 20, 30, 40), (0, 0, 64, 48)], ["b", "a"]), (images[1], [], [])]
    whole = open_boxes(rows, fractions=ALL)
    table = tmp_path / "boxes.csv"
    table.write_text(
        "path,x1,y1,x2,y2,class\nimages/0.png,10,20,30,40,b\nimages/0.png,0,0,64,48,a\n"
        "images/1.png,,,,,\n"
    )
    coco = tmp_path / "coco.json"
    coco.write_text(
        json.dumps(
            {
                "images": [{"id": n, "file_name": f"{n}.png"} for n in range(2)],
                "annotations": [
                    {"image_id": 0, "category_id": 5, "bbox": [10, 20, 20, 20]},
                    {"image_id": 0, "category_id": 1, "bbox": [0, 0, 64, 48]},
                ],
                "categories": [{"id": 5, "name": "b"}, {"id": 1, "name": "a"}],
            }
        )
    )
    for data in (table, coco, {"train": rows}, {"train": coco}):
        assert open_boxes(data, fractions=ALL).fingerprint == whole.fingerprint, data
    part = open_boxes(rows, classes=["b"], fractions=ALL)
    assert only(part)["0.png"] == ([[10, 20, 30, 40]], [0])
    assert part.notes[0] == "1 boxes of other classes left out: a."


def test_crowds_and_difficult_objects_are_ignored(tmp_path):
    voc(tmp_path / "a.xml", [("cell", 2, 3, 10, 20, 0), ("cell", 12, 3, 30, 20, 1)])
    picture(tmp_path / "a.png")
    examples = open_boxes(tmp_path, fractions=ALL).splits["train"]
    assert examples.ignored[0].tolist() == [False, True]
    _, boxes, labels = examples.read(0)
    assert (boxes.tolist(), labels.tolist()) == ([[1, 2, 10, 20]], [0])


def voc(path, objects, size=(48, 64)):
    text = "".join(
        f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>"
        f"<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
        f"</bndbox></object>"
        for name, x1, y1, x2, y2, difficult in objects
    )
    path.write_text(
        f"<annotation><filename>{path.stem}.png</filename><size><width>{size[1]}</width>"
        f"<height>{size[0]}</height></size>{text}</annotation>"
    )
    return path


def test_missing_splits_are_made_with_rare_classes_in_each(tmp_path):
    rows = [
        (
            picture(tmp_path / f"{n}.png", number=n),
            [(1, 1, 9, 9)],
            ["rare" if n < 4 else "often"],
        )
        for n in range(20)
    ]
    dataset = open_boxes(rows, fractions={"train": 0.5, "test": 0.5}, seed=3)
    rare = dataset.classes.index("rare")
    for part in dataset.splits.values():
        assert sum((labels == rare).sum() for labels in part.labels) == 2


# --- images at one size -------------------------------------------------------------------


def test_boxes_follow_their_fitted_image(tmp_path):
    pixels = np.zeros((40, 80, 3), "uint8")
    pixels[10:30, 20:60] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    data = [(tmp_path / "a.png", [(20, 10, 60, 30)], ["white"])]
    examples = open_boxes(data, fractions=ALL).splits["train"]
    image, boxes, _ = examples.read(0, (50, 40))
    assert image.shape == (50, 40, 3)
    assert boxes.tolist() == [[10, 5, 30, 15]]
    assert image[6:14, 11:29].min() == 255
    assert image[:4].max() == 0
    assert (image[20:] == 127).all()  # 40 x 20 of the picture, and grey below it
    padded, labels = examples.padded((50, 40), most=3)
    assert padded[0].tolist() == [[10, 5, 30, 15], [0] * 4, [0] * 4]
    assert labels.tolist() == [[0, -1, -1]]
    np.testing.assert_array_equal(fit_image(pixels, (40, 80)), pixels)


# --- what is wrong ------------------------------------------------------------------------

BOXES = {  # a box on an image of 64 x 48; what stays with "drop" and with "clip"
    "whole": ((0, 0, 64, 48), [[0, 0, 64, 48]], [[0, 0, 64, 48]]),
    "rounded": ((-0.6, 0, 64.9, 48), [[0, 0, 64, 48]], [[0, 0, 64, 48]]),
    "over the border": ((-20, 10, 30, 90), [], [[0, 10, 30, 48]]),
    "elsewhere": ((70, 10, 90, 20), [], []),
    "a point": ((20, 10, 20, 10), [], []),
    "a line": ((20, 10, 40, 10.5), [], []),
    "turned": ((40, 10, 20, 30), [], []),
}


@pytest.mark.parametrize("box, dropped, clipped", BOXES.values(), ids=BOXES)
def test_bad_boxes(tmp_path, box, dropped, clipped):
    good = (picture(tmp_path / "good.png"), [(1, 2, 9, 9)], ["a"])
    data = [good, (picture(tmp_path / "odd.png", number=5), [box], ["a"])]
    bad = dropped != clipped or not dropped
    if bad:
        with pytest.raises(DataError, match=r"1 box cannot be used:\n.*odd\.png: box 1 \(a; "):
            open_boxes(data, fractions=ALL)
    for choice, kept in (("drop", dropped), ("clip", clipped)):
        dataset = open_boxes(data, fractions=ALL, on_bad_box=choice)
        assert only(dataset)["odd.png"][0] == kept
        assert ("1 box bad" in "".join(dataset.notes)) is bad


def test_only_bad_boxes_are_nothing_to_learn(tmp_path):
    data = [(picture(tmp_path / "a.png"), [(5, 5, 5, 5)], ["a"])]
    with pytest.raises(DataError, match="no box on any training image"):
        open_boxes(data, fractions=ALL, on_bad_box="drop")


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<annotation><filename>&b;</filename></annotation>"
)
XML = [  # content of a.xml, and what is said
    (LAUGHS, r"a\.xml: this is no annotation in xml \(it declares 'l': document types"),
    ("<annotation><object>", r"a\.xml: this is no annotation in xml \(no element found"),
    (b"\xff\xfe<\x00a", r"a\.xml: this is no annotation in xml"),
    ("", r"a\.xml: this is no annotation in xml"),
    ("<annotation><object/></annotation>", r"a\.xml: <object> has no <name>"),
    (
        "<annotation><object><name>b</name></object></annotation>",
        r"a\.xml: object 'b' has no <bndbox>",
    ),
    (
        "<annotation><object><name>b</name><bndbox><xmin>x</xmin></bndbox></object>"
        "</annotation>",
        r"a\.xml: <xmin> must be a number, not 'x'",
    ),
]


@pytest.mark.parametrize("content, message", XML)
def test_bad_xml(tmp_path, content, message):
    path = tmp_path / "a.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        read_voc(path)
    picture(tmp_path / "b.png")
    voc(tmp_path / "b.xml", [("cell", 1, 1, 9, 9, 0)])
    with pytest.raises(DataError, match=message):
        open_boxes(tmp_path, fractions=ALL)
    dataset = open_boxes(tmp_path, fractions=ALL, on_bad_image="skip")
    assert "a.xml" in dataset.notes[0]


def test_an_annotation_leads_to_no_other_folder(tmp_path):
    picture(tmp_path / "secret.png")
    inside = tmp_path / "inside"
    inside.mkdir()
    path = voc(inside / "a.xml", [("cell", 1, 1, 9, 9, 0)])
    path.write_text(path.read_text().replace("a.png", "../secret.png"))
    with pytest.raises(DataError, match="no such file"):
        open_boxes(inside, fractions=ALL)


FILES = [  # name, content, and what is said
    ("a.txt", "0 0.5 0.5 0.5", r"a\.txt, line 1: a line is 'class x y width height'"),
    ("a.txt", "\n0.5 1 1 1 1", r"a\.txt, line 2: a line is"),
    ("a.txt", "7 0.5 0.5 0.5 0.5", r"a\.txt, line 1: class 7 has no name; there are 1: cell"),
    ("a.csv", "path,x1,y1,x2,y2\na.png,1,1,9,9", "no column 'class' or 'label'"),
    ("a.csv", "path,x1,y1,x2,y2,class\na.png,1,1,9,,b", r"line 2: some of x1"),
    ("a.csv", "path,x1,y1,x2,y2,class\na.png,1,1,9,z,b", r"line 2: 'z' in column 'y2'"),
    ("a.csv", "path,x1,y1,x2,y2,class\na.png,1,1,9,nan,b", "corners of its boxes are no num"),
    ("a.json", "{}", "a COCO file has the lists"),
    ("a.json", '{"images": [], "annotations": [], "categories": []}', "it lists no images"),
    (
        "a.json",
        '{"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "b"}],'
        ' "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3]}]}',
        "annotation None has no bbox of four numbers",
    ),
    ("a.json", '{"images": [{"id": 1}], "annotations": [], "categories": []}', "no file_name"),
    ("data.yaml", "train: nowhere\nnames: [a]", "there is no .*nowhere for 'train'"),
    ("data.yaml", "train: .\nnames: [a, a]", "it must name each class once"),
    ("data.yaml", "train: .\nnames: {0: a, 2: b}", "names must be numbered from 0"),
    ("data.yaml", "what is this", "line 1: a line is 'name: value'"),
    ("data.yaml", "names: [a, b", "the list of 'names' does not end"),
]


@pytest.mark.parametrize("name, content, message", FILES)
def test_bad_files(tmp_path, name, content, message):
    picture(tmp_path / "a.png")
    (tmp_path / "classes.txt").write_text("cell\n")
    (tmp_path / name).write_text(content)
    if name == "a.txt":  # so that the folder is known for what it is
        picture(tmp_path / "b.png")
        (tmp_path / "labels").mkdir()
        (tmp_path / "labels" / "b.txt").write_text("0 0.5 0.5 0.5 0.5")
    with pytest.raises(DataError, match=message):
        open_boxes(tmp_path if name == "a.txt" else tmp_path / name, fractions=ALL)


@pytest.mark.parametrize(
    "data, arguments, message",
    [
        (None, {"on_bad_box": "mend"}, "on_bad_box must be one of"),
        (None, {"classes": "a"}, "classes must be names in the order"),
        (None, {"classes": ["dog"]}, "classes has 'dog', of which there is no box"),
        (3, {}, "data must be a folder as Pascal VOC"),
        ([], {}, "the list of images is empty"),
        ([("a.png", [1, 2, 3], ["a"])], {}, r"boxes must be numbers \(n, 4\)"),
        ([("a.png", [(1, 2, 3, 4)], [])], {}, "got 1 boxes and 0 labels"),
        ("nowhere", {}, "there is no such file or folder"),
        ({"test": [("a.png", [], [])]}, {}, "there is no box on any image"),
    ],
)
def test_bad_arguments(tmp_path, data, arguments, message):
    good = [(picture(tmp_path / "a.png"), [(1, 2, 9, 9)], ["a"])]
    with pytest.raises(ValueError, match=message):
        open_boxes(good if data is None else data, **{"fractions": ALL} | arguments)


def test_an_annotation_for_another_image(tmp_path):
    picture(tmp_path / "a.png")
    voc(tmp_path / "a.xml", [("cell", 1, 1, 9, 9, 0)], size=(64, 48))
    with pytest.raises(DataError, match=r"a\.xml: it is for an image of 48 x 64 pixels"):
        open_boxes(tmp_path, fractions=ALL)


def test_the_same_image_with_two_sets_of_boxes(tmp_path):
    data = [
        (picture(tmp_path / f"{n}.png", number=1), [(1, 2, 9, 9 + n)], ["a"]) for n in range(2)
    ]
    with pytest.raises(DataError, match="the same image has two labels"):
        open_boxes(data, fractions=ALL)


def test_a_folder_of_something_else(tmp_path):
    picture(tmp_path / "cats" / "a.png")
    with pytest.raises(DataError, match="in this folder there is cats"):
        open_boxes(tmp_path)


def test_yaml_as_people_write_it(tmp_path):
    """data.yaml as Ultralytics and Roboflow write it."""
    path = tmp_path / "data.yaml"
    path.write_text(
        "# Ultralytics\npath: coco8 # root\ntrain: images/train\nnames:\n  0: person\n"
        '  1: "sport\'s car"\ndownload: https://x.org/a.zip\n'
    )
    assert read_plain_yaml(path) == {
        "path": "coco8",
        "train": "images/train",
        "names": {"0": "person", "1": "sport's car"},
        "download": "https://x.org/a.zip",
    }
    path.write_text("names:\n- a\n- 'b: c'\nmore: [\n  'x, y',\n  z ]\nempty: []\n")
    assert read_plain_yaml(path) == {"names": ["a", "b: c"], "more": ["x, y", "z"], "empty": []}
