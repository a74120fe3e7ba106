"""Segmentation data of TensorFlow Datasets as folders of images and masks."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from dlzoo._progress import track
from dlzoo.data.folders import SPLIT_NAMES
from dlzoo.data.tfds import image_suffix, open_builder, prepare, written_once
from dlzoo.errors import DataError

# Data sets whose masks count from 1, and what their numbers mean; TFDS does not say it.
KNOWN = {"oxford_iiit_pet": (1, ("pet", "background", "border"))}


def export_mask_tfds(spec: str, cache: str | os.PathLike) -> Path:
    """Write images and masks of TensorFlow Datasets to a folder, once.

    Args:
        spec: `"tfds:NAME"`, with `/CONFIG` and `:VERSION` where wanted. The data set has an
            image and a `segmentation_mask` (or another image feature named `...mask` or
            `...label`), one channel of class numbers.
        cache: Where the folder `<name>/<version>/<split>/{images,masks}/` is made.

    Returns:
        The folder. It appears complete or not at all; one that is there is used.

    Raises:
        DataError, MissingExtraError: As `export_tfds`.
    """
    builder, tfds, folder = open_builder(spec, cache)
    if not folder.is_dir():
        image, mask = _image_and_mask(spec, builder.info, tfds)
        prepare(spec, builder)
        with written_once(folder) as whole:
            _write(spec, builder, image, mask, whole, tfds)
    return folder


def _image_and_mask(spec, info, tfds):
    features = info.features if hasattr(info.features, "items") else {}
    images = [k for k, f in features.items() if isinstance(f, tfds.features.Image)]
    masks = [k for k in images if k.endswith(("mask", "label", "segmentation"))]
    pictures = [k for k in images if k not in masks]
    if not masks or not pictures:
        raise DataError(
            f"{spec}: segmentation needs an image and a mask; this data set has "
            f"{', '.join(features) or 'neither'}."
        )
    mask = "segmentation_mask" if "segmentation_mask" in masks else masks[0]
    if features[mask].shape[-1] != 1:
        raise DataError(f"{spec}: its masks have {features[mask].shape[-1]} channels, not 1.")
    return ("image" if "image" in pictures else pictures[0]), mask


def _write(spec, builder, image, mask, folder, tfds):
    splits = [name for name in builder.info.splits if name in SPLIT_NAMES]
    if "train" not in splits:
        raise DataError(
            f"{spec}: it has no split 'train', only {', '.join(builder.info.splits)}."
        )
    first, names = KNOWN.get(builder.name, (0, ()))
    for split in splits:
        for kind in ("images", "masks"):
            (folder / split / kind).mkdir(parents=True)
        dataset = builder.as_dataset(
            split=split, shuffle_files=False, decoders={image: tfds.decode.SkipDecoding()}
        )
        total = builder.info.splits[split].num_examples
        examples = track(tfds.as_numpy(dataset), f"Writing {split}", total)
        for number, example in enumerate(examples):
            content = bytes(example[image])
            name = f"{number:07d}"
            path = folder / split / "images" / f"{name}{image_suffix(spec, content)}"
            path.write_bytes(content)
            values = example[mask][:, :, 0].astype(np.int64) - first
            if values.min() < 0 or values.max() > 255:
                raise DataError(
                    f"{spec}: the mask of example {number} in {split} holds labels from "
                    f"{values.min() + first} to {values.max() + first}."
                )
            Image.fromarray(values.astype(np.uint8)).save(
                folder / split / "masks" / f"{name}.png"
            )
    if names:
        (folder / "classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
