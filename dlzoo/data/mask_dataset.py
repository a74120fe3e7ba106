"""Opening a set of images with masks, whatever form it has, checked before training."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from dlzoo.data.audit import FileCheck
from dlzoo.data.dataset import check_opening
from dlzoo.data.dividing import divide_by_rarest
from dlzoo.data.folders import Listing
from dlzoo.data.mask_audit import check_labels, check_pairs
from dlzoo.data.mask_codes import VOID, MaskCode, infer_code, make_code
from dlzoo.data.mask_examples import MaskDataset, MaskExamples
from dlzoo.data.mask_folders import list_pairs
from dlzoo.data.mask_names import code_of
from dlzoo.data.settling import settle
from dlzoo.data.splits import SPLITS
from dlzoo.errors import DataError


def open_masks(
    data: Any,
    *,
    classes: Any = None,
    palette: Any = None,
    void: Any = None,
    fractions: Mapping[str, float] | None = None,
    seed: int = 0,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
) -> MaskDataset:
    """Find, check and divide images that have a class for each pixel.

    Args:
        data: One of
            - a folder with `images/` and `masks/` (or `image/`, `label/`, ...), whose files
              have the same names, perhaps with `_mask`, `_label` or the like after it;
            - a folder with `train/images/`, `train/masks/` and the same for any of
              `train_dev`, `dev` (or `val`, `valid`) and `test`; or with `images/train/`
              and `masks/train/`; missing splits are taken from `train`;
            - a COCO `.json` of polygons, the images beside it or where COCO has them;
              or a folder with `train/_annotations.coco.json`;
            - a list of `(image, mask)`; a dict from split to such a list, to a folder with
              `images/` and `masks/`, to a tuple of two folders, or to a COCO `.json`;
            - `"tfds:oxford_iiit_pet"` or another with images and masks.
        classes: Of indexed and grey masks: names in the order of their numbers, a dict from
            name to value, or a text file of names. None: `classes.txt` in the folder; else
            what the masks hold: 0 and 255 are background and foreground, otherwise the
            values are class numbers.
        palette: Of colour-coded masks: a file with lines `name,r,g,b`, or a dict from name
            to colour. None: `palette.csv` (`class_dict.csv`, ...) in the folder.
        void: What does not count: a value, a colour, a name in `classes` or `palette`, or a
            list of them. None: the names "void", "unlabelled" and "ignore", and the value
            255 where it is no class.
        fractions, seed, on_bad_image, on_duplicate: As in `open_images`. Copies of an image
            whose masks differ count as labelled twice.

    Returns:
        A `MaskDataset`.

    Raises:
        DataError: What is wrong with the data, with the names of files.
    """
    fractions = check_opening("open_masks", fractions, on_bad_image, on_duplicate)
    found = list_pairs(data)
    code = _stated_code(found, classes, palette, void)
    pairs = [pair for part in found.splits.values() for pair in part]
    masks = dict(pairs)
    checks = check_pairs(pairs, code.colours if code else False)
    code = code or _inferred_code(checks, void)
    files = check_labels(masks, checks, code)
    files |= {path: FileCheck("", problem) for path, problem in found.problems.items()}
    listing = Listing(
        {
            split: [(path, f"mask {checks[path].mask_digest[:8]}") for path, _ in part]
            for split, part in found.splits.items()
        },
        found.notes,
    )
    usable = settle("open_masks", listing, files, on_bad_image, on_duplicate)
    pixels = {path: _pixels(checks[path].values, code) for path in masks if path in usable}
    held = {path: counts[:-1] > 0 for path, counts in pixels.items()}
    divide_by_rarest("open_masks", listing, files, held, fractions, seed)
    splits = {
        name: MaskExamples(
            tuple(path for path, _ in listing.splits[name]),
            tuple(masks[path] for path, _ in listing.splits[name]),
            code,
            np.array([pixels[path] for path, _ in listing.splits[name]]),
        )
        for name in SPLITS
        if name in listing.splits
    }
    _check_learnable(splits["train"], code)
    digest = _fingerprint(code, splits, checks)
    notes = (*listing.notes, *_rare(splits, code))
    return MaskDataset(code.classes, VOID, splits, notes, digest)


def _stated_code(found, classes, palette, void):
    if found.classes is None:
        return code_of(classes, palette, void, found.root)
    if classes is not None or palette is not None:
        raise ValueError(
            "open_masks: classes and palette are for masks in files; these data name their "
            f"classes: {', '.join(found.classes)}."
        )
    return make_code(found.classes, void, colours=False)


def _inferred_code(checks, void):
    held: dict[int, int] = {}
    for check in checks.values():
        for value in check.values:
            held[value] = held.get(value, 0) + 1
    if not held:  # nothing can be read: the files' own problems say why
        return MaskCode(("background", "foreground"), (0, 1))
    return infer_code(held, void)


def _pixels(values, code):
    """Pixels of each class, those of void last."""
    keys = np.array(list(values), np.int64)
    numbers = code.numbers(keys).astype(np.int64)
    numbers[numbers == VOID] = len(code.classes)
    weights = np.array(list(values.values()), np.float64)
    counts = np.bincount(numbers, weights, minlength=len(code.classes) + 1)
    return counts.astype(np.int64)


def _check_learnable(train, code):
    held = train.pixels[:, :-1].sum(axis=0)
    if (held > 0).sum() < 2:
        only = code.classes[int(held.argmax())]
        raise DataError(
            f"open_masks: the training masks hold one class only, {only!r}; there is "
            f"nothing to tell apart. Do their values mean what classes= (or palette=) says?"
        )


def _rare(splits, code):
    """Words for classes that a split lacks."""
    for name, examples in splits.items():
        held = examples.pixels[:, :-1].sum(axis=0)
        missing = [code.classes[i] for i in np.flatnonzero(held == 0)]
        if missing:
            yield f"No pixel of {', '.join(missing)} is in {name}."


def _fingerprint(code, splits, checks):
    digest = hashlib.sha256(repr(code).encode())
    for name, examples in splits.items():
        digest.update(f"\n{name}\n".encode())
        for path in examples.paths:
            digest.update(f"{checks[path].digest} {checks[path].mask_digest}\n".encode())
    return digest.hexdigest()
