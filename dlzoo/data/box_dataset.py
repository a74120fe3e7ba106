"""Opening a set of images with boxes, whatever form it has, checked before training."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import check_choice
from dlzoo.data.audit import FileCheck
from dlzoo.data.box_audit import BoxCheck, check_boxes, complain, kept_boxes
from dlzoo.data.box_examples import BoxDataset, BoxExamples
from dlzoo.data.box_folders import list_boxes
from dlzoo.data.box_marks import BoxListing, Marks
from dlzoo.data.dataset import check_opening
from dlzoo.data.dividing import divide_by_rarest
from dlzoo.data.folders import Listing, natural_order
from dlzoo.data.settling import settle
from dlzoo.data.splits import SPLITS
from dlzoo.errors import DataError


def open_boxes(
    data: Any,
    *,
    classes: Sequence[str] | None = None,
    fractions: Mapping[str, float] | None = None,
    seed: int = 0,
    on_bad_box: str = "error",
    on_bad_image: str = "error",
    on_duplicate: str = "error",
) -> BoxDataset:
    """Find, check and divide images with boxes.

    Images without a box are kept: they show what is no object.

    Args:
        data: One of
            - Pascal VOC: a folder with `Annotations/*.xml`, `JPEGImages/` and, where the
              data are divided, `ImageSets/Main/{train,val,test}.txt`; or xml files beside
              the images, also in folders of splits. Corners count from pixel 1 there: a box
              is `xmin - 1` to `xmax`. Difficult objects are ignored;
            - COCO: a `.json`, the images beside it or where COCO has them; a dict from split
              to such a file; or a folder with `train/_annotations.coco.json`. Crowds are
              ignored;
            - YOLO: a folder with `images/` and `labels/` (perhaps with `train`, `val`,
              `test` in or above them) and `classes.txt` or `data.yaml`, or that file;
            - a `.csv` with a header `path,x1,y1,x2,y2,class` and a row a box; a row with a
              path only is an image without one; a column `split` divides;
            - a list of `(image, boxes, labels)`: `boxes` `(n, 4)`, `x1, y1, x2, y2` in
              pixels; `labels` names; a dict from split to such a list or to a folder;
            - `"tfds:voc/2007"` or another data set with boxes of TensorFlow Datasets.
        classes: Names in the order of their numbers; boxes of others are left out. None: as
            the data say it, else all that occur, in natural order.
        on_bad_box: What to do with boxes that hold a pixel or less, or reach beyond the image
            by more than a pixel: `"error"` lists them all with their files; `"drop"` leaves
            them out; `"clip"` cuts off what is outside and leaves out what is empty.
        fractions, seed, on_bad_image, on_duplicate: As in `open_images`. Copies of an image
            whose boxes differ count as labelled twice.

    Returns:
        A `BoxDataset`.

    Raises:
        DataError: What is wrong with the data, with the names of files.

    Example:
        >>> import pathlib, tempfile
        >>> from PIL import Image
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> Image.new("RGB", (64, 48), "white").save(folder / "a.png")
        >>> rows = "path,x1,y1,x2,y2,class\\na.png,1,2,30,40,cell"
        >>> _ = (folder / "boxes.csv").write_text(rows)
        >>> print(open_boxes(folder / "boxes.csv", fractions={"train": 1.0}))
        1 classes of objects; images: train 1
        boxes in train: cell 1
    """
    fractions = check_opening("open_boxes", fractions, on_bad_image, on_duplicate)
    check_choice("open_boxes", "on_bad_box", on_bad_box, ("error", "drop", "clip"))
    wanted = _checked_names(classes)
    found = list_boxes(data, wanted)
    names, notes = _classes(found, wanted)
    marks = {image: mark for part in found.splits.values() for image, mark in part}
    checks = check_boxes([pair for part in found.splits.values() for pair in part])
    listing = Listing(
        {
            split: [(image, f"boxes {_digest(mark)[:8]}") for image, mark in part]
            for split, part in found.splits.items()
        },
        [*found.notes, *notes],
    )
    files = {path: FileCheck(check.digest, check.problem) for path, check in checks.items()}
    files |= {path: FileCheck("", problem) for path, problem in found.problems.items()}
    usable = settle("open_boxes", listing, files, on_bad_image, on_duplicate)
    checks = {path: check for path, check in checks.items() if path in usable}
    listing.notes += complain(checks, on_bad_box)
    taken = {
        path: _taken(marks[path], check, names, on_bad_box) for path, check in checks.items()
    }
    held = {
        path: np.bincount(labels, minlength=len(names)) > 0
        for path, (_, labels, _) in taken.items()
    }
    divide_by_rarest("open_boxes", listing, files, held, fractions, seed)
    splits = {
        name: _examples(listing.splits[name], taken, checks)
        for name in SPLITS
        if name in listing.splits
    }
    notes = _check_learnable(splits, names)
    return BoxDataset(
        names, splits, (*listing.notes, *notes), _fingerprint(names, splits, files)
    )


def _checked_names(classes):
    if classes is None:
        return None
    names = (
        tuple(classes) if isinstance(classes, Sequence) and not isinstance(classes, str) else ()
    )
    if not names or len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
        raise ValueError(
            f"open_boxes: classes must be names in the order of their numbers, each once; got "
            f"{classes!r}."
        )
    return names


def _classes(found: BoxListing, wanted) -> tuple[tuple[str, ...], list[str]]:
    """Names of the classes, and a note on those that are left out."""
    marks = [mark for part in found.splits.values() for _, mark in part]
    occur = {label for mark in marks for label in mark.labels}
    known = found.classes or tuple(natural_order(occur))
    if wanted is None:
        if not known:
            raise DataError("open_boxes: there is no box on any image, so nothing to learn.")
        return known, []
    missing = [name for name in wanted if name not in known]
    if missing:
        raise DataError(
            f"open_boxes: classes has {', '.join(map(repr, missing))}, of which there is no "
            f"box; the data have {', '.join(known) or 'none'}."
        )
    others = [label for mark in marks for label in mark.labels if label not in wanted]
    if not others:
        return wanted, []
    names = ", ".join(natural_order(set(others)))
    return wanted, [f"{len(others)} boxes of other classes left out: {names}."]


def _taken(marks: Marks, check: BoxCheck, names, on_bad_box):
    """Boxes, class numbers, and which are ignored, of what stays."""
    numbers = {name: number for number, name in enumerate(names)}
    kept = kept_boxes(check, on_bad_box)
    kept &= np.array([label in numbers for label in marks.labels], bool)
    labels = [numbers[marks.labels[place]] for place in np.flatnonzero(kept)]
    return (
        check.boxes[kept].astype(np.float32),
        np.array(labels, np.int32),
        np.array(marks.ignored, bool)[kept],
    )


def _examples(pairs, taken, checks):
    paths = tuple(path for path, _ in pairs)
    parts = [taken[path] for path in paths]
    return BoxExamples(
        paths,
        tuple(boxes for boxes, _, _ in parts),
        tuple(labels for _, labels, _ in parts),
        tuple(ignored for _, _, ignored in parts),
        np.array([checks[path].size for path in paths], np.int64).reshape(-1, 2),
    )


def _check_learnable(splits, names):
    """Notes on classes that a split lacks and on images without a box."""
    notes = []
    for name, examples in splits.items():
        learnt = [k[~i] for k, i in zip(examples.labels, examples.ignored, strict=True)]
        counts = np.bincount(np.concatenate([*learnt, []]).astype(int), minlength=len(names))
        if name == "train" and not counts.any():
            raise DataError("open_boxes: there is no box on any training image.")
        missing = [names[number] for number in np.flatnonzero(counts == 0)]
        if missing:
            notes.append(f"No box of {', '.join(missing)} is in {name}.")
        empty = sum(not len(labels) for labels in learnt)
        if empty:
            notes.append(f"{empty} of {len(examples)} images in {name} have no box.")
    return notes


def _digest(marks: Marks) -> str:
    digest = hashlib.sha256(repr((marks.labels, marks.ignored)).encode())
    digest.update(np.round(marks.boxes, 6).tobytes())
    return digest.hexdigest()


def _fingerprint(names, splits: Mapping[str, BoxExamples], files: Mapping[Path, FileCheck]):
    digest = hashlib.sha256(repr(names).encode())
    for split, examples in splits.items():
        digest.update(f"\n{split}\n".encode())
        for place, path in enumerate(examples.paths):
            digest.update(files[path].digest.encode())
            for part in (examples.boxes, examples.labels, examples.ignored):
                digest.update(part[place].tobytes())
    return digest.hexdigest()
