"""Detection data of TensorFlow Datasets as folders of images with COCO's annotations."""

import os
from pathlib import Path
from typing import Any

from dlzoo._files import write_json
from dlzoo._progress import track
from dlzoo.data.coco_files import IN_SPLIT
from dlzoo.data.folders import SPLIT_NAMES
from dlzoo.data.images import upright_size
from dlzoo.data.tfds import image_suffix, open_builder, prepare, written_once
from dlzoo.errors import DataError

KNOWN = ("coco", "kitti", "open_images_v4", "voc", "wider_face")
_IGNORED = ("is_difficult", "is_crowd")


def export_box_tfds(spec: str, cache: str | os.PathLike) -> Path:
    """Write images and boxes of TensorFlow Datasets to a folder, once.

    Args:
        spec: `"tfds:NAME"`, with `/CONFIG` and `:VERSION` where wanted. The data set has an
            image and a sequence of objects with a bounding box and a class label.
        cache: Where `<name>/<version>/<split>/` is made, with `_annotations.coco.json`.

    Returns:
        The folder. It appears complete or not at all; one that is there is used.

    Raises:
        DataError, MissingExtraError: As `export_tfds`.
    """
    builder, tfds, folder = open_builder(spec, cache)
    if not folder.is_dir():
        features = _features(spec, builder.info, tfds)
        prepare(spec, builder)
        with written_once(folder) as whole:
            _write(spec, builder, features, whole, tfds)
    return folder


def _features(spec, info, tfds):
    """Names of the image, of the sequence of objects, of its box and of its class."""
    features = info.features if hasattr(info.features, "items") else {}
    images = [k for k, f in features.items() if isinstance(f, tfds.features.Image)]
    for name, feature in features.items():
        inside: Any = getattr(feature, "feature", None)
        if not hasattr(inside, "items"):
            continue
        boxes = [k for k, f in inside.items() if isinstance(f, tfds.features.BBoxFeature)]
        labels = [k for k, f in inside.items() if isinstance(f, tfds.features.ClassLabel)]
        if images and boxes:
            label = "label" if "label" in labels else next(iter(labels), None)
            image = "image" if "image" in images else images[0]
            return image, name, boxes[0], label
    raise DataError(
        f"{spec}: detection needs an image and objects with a bounding box; this data set has "
        f"{', '.join(features) or 'neither'}."
    )


def _write(spec, builder, features, folder, tfds):
    image, objects, box, label = features
    splits = [name for name in builder.info.splits if name in SPLIT_NAMES]
    if "train" not in splits:
        raise DataError(
            f"{spec}: it has no split 'train', only {', '.join(builder.info.splits)}."
        )
    inside = builder.info.features[objects].feature
    names = ["object"] if label is None else inside[label].names
    ignored = [name for name in _IGNORED if name in inside]
    for split in splits:
        (folder / split).mkdir(parents=True)
        dataset = builder.as_dataset(
            split=split, shuffle_files=False, decoders={image: tfds.decode.SkipDecoding()}
        )
        total = builder.info.splits[split].num_examples
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        examples = track(tfds.as_numpy(dataset), f"Writing {split}", total)
        for number, example in enumerate(examples):
            content = bytes(example[image])
            name = f"{number:07d}{image_suffix(spec, content)}"
            (folder / split / name).write_bytes(content)
            height, width = upright_size(content)
            images.append({"id": number, "file_name": name, "height": height, "width": width})
            found = example[objects]
            for place, (top, left, bottom, right) in enumerate(found[box].tolist()):
                x, y = left * width, top * height
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": 0 if label is None else int(found[label][place]),
                        "bbox": [x, y, right * width - x, bottom * height - y],
                        "iscrowd": int(any(found[key][place] for key in ignored)),
                    }
                )
        listed = {
            "images": images,
            "annotations": annotations,
            "categories": [{"id": k, "name": name} for k, name in enumerate(names)],
        }
        write_json(folder / split / IN_SPLIT, listed)
