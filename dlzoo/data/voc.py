"""Pascal VOC: one xml file an image.

The format: Everingham and Winn 2012, The PASCAL VOC2012 development kit,
http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 2. Its corners are
pixels counted from 1, both of them inside of the box: here that is `xmin - 1` to `xmax`.
"""

import math
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from dlzoo.data.box_marks import BoxListing, Marks
from dlzoo.data.folders import SPLIT_NAMES, natural_order
from dlzoo.data.images import SUFFIXES
from dlzoo.errors import DataError

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_LARGEST = 2**24  # bytes; an annotation has some thousand
_SPLITS = ("train", "val", "test")


def read_voc(path: Path) -> tuple[str, Marks]:
    """Read one annotation: the name of its image's file, and the boxes.

    Entities are refused, so that no file can grow while it is read ("billion laughs").

    Raises:
        DataError: It cannot be read, is no xml, declares entities, or lacks something.
    """
    root = _parse(path)
    try:
        size = root.find("size")
        stated = None
        if size is not None:
            stated = int(_number(size, "height")), int(_number(size, "width"))
        labels, boxes, ignored = [], [], []
        for found in root.findall("object"):
            labels.append(_text(found, "name"))
            place = found.find("bndbox")
            if place is None:
                raise ValueError(f"object {labels[-1]!r} has no <bndbox>")
            x1, y1, x2, y2 = (_number(place, side) for side in _SIDES)
            boxes.append((x1 - 1, y1 - 1, x2, y2))
            ignored.append((found.findtext("difficult") or "0").strip() == "1")
        name = (root.findtext("filename") or "").strip()
    except ValueError as error:
        raise DataError(f"{path}: {error}.") from None
    unknown = stated is None or 0 in stated  # some programs write 0 for what they do not know
    return name, Marks(
        str(path),
        tuple(labels),
        np.array(boxes, np.float64).reshape(-1, 4),
        tuple(ignored),
        None if unknown else stated,
    )


def is_voc(root: Path) -> bool:
    """Whether a folder holds annotations of this kind."""
    return any(root.glob("Annotations/*.xml")) or any(root.glob("*.xml"))


def list_voc(root: Path) -> BoxListing:
    """A folder with `Annotations/`, `JPEGImages/` and perhaps `ImageSets/Main/`.

    The lists `train.txt`, `val.txt` and `test.txt` are the splits. Without `Annotations/`
    the xml files are beside the images.
    """
    annotations = root / "Annotations"
    if not annotations.is_dir():
        annotations = root
    listing = BoxListing()
    sets = root / "ImageSets" / "Main"
    lists = {split: sets / f"{split}.txt" for split in _SPLITS}
    lists = {split: path for split, path in lists.items() if path.is_file()}
    if lists:
        for split, path in lists.items():
            names = [(line.split() or [""])[0] for line in _lines(path)]
            parts = ((annotations / f"{name}.xml") for name in names if name)
            listing.splits[SPLIT_NAMES[split]] = list(_pairs(root, parts, listing))
    else:
        names = natural_order(path.name for path in annotations.glob("*.xml"))
        parts = (annotations / name for name in names)
        listing.splits["all"] = list(_pairs(root, parts, listing))
    return listing


def _pairs(root, files, listing):
    """(image, marks) for each annotation; what cannot be read goes to the problems."""
    for path in files:
        try:
            name, marks = read_voc(path)
        except DataError as error:
            listing.problems[path] = str(error)
            continue
        yield _image(root, path, name), marks


def _image(root, path, name):
    """The image of an annotation: the name it gives, or its own with another suffix."""
    folders = [root / "JPEGImages", root / "images", path.parent]
    names = [name, *(path.stem + suffix for suffix in SUFFIXES)]
    # a name from a file must not lead out of the folder
    names = [Path(each).name for each in names if Path(each).name]
    places = [folder / each for folder in folders for each in names]
    return next((place for place in places if place.is_file()), places[0])


def _parse(path):
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the annotation cannot be read ({error.strerror}).") from error
    if len(content) > _LARGEST:
        raise DataError(f"{path}: {len(content):,} bytes are too many for an annotation.")
    tree = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
        return tree.close()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DataError(f"{path}: this is no annotation in xml ({error}).") from None


def _refuse(name, *others):
    raise ValueError(f"it declares {name!r}: document types and entities are not read")


def _text(element, name):
    text = (element.findtext(name) or "").strip()
    if not text:
        raise ValueError(f"<{element.tag}> has no <{name}>")
    return text


def _number(element, name):
    text = _text(element, name)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"<{name}> must be a number, not {text!r}")
    return number


def _lines(path):
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list of names ({error}).") from error
