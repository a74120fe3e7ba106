"""TensorFlow Datasets as folders of images.

Everything else in dlzoo sees folders. So a data set is written out once, as it is stored
(the encoded bytes, nothing is decoded and compressed again), and used like any other.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np

from dlzoo._checks import require
from dlzoo._progress import track
from dlzoo.data.folders import SPLIT_NAMES
from dlzoo.errors import DataError, MissingExtraError

_SUFFIXES = (  # how the files begin
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG", ".png"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
    (b"RIFF", ".webp"),
)


def export_tfds(spec: str, cache: str | os.PathLike) -> Path:
    """Write a classification data set of TensorFlow Datasets to a folder, once.

    Args:
        spec: `"tfds:NAME"`, with `/CONFIG` and `:VERSION` where wanted, e.g.
            `"tfds:colorectal_histology"`, `"tfds:cifar10:3.0.2"`.
        cache: Where the folder `<name>/<version>/<split>/<class>/` is made.

    Returns:
        The folder. It appears complete or not at all; one that is there is used.

    Raises:
        DataError: There is no such data set, it has no image and class label, or it is
            not on this machine and cannot be downloaded.
        MissingExtraError: TensorFlow Datasets is not installed.
    """
    builder, tfds, folder = open_builder(spec, cache)
    if not folder.is_dir():
        image, label = _image_and_label(spec, builder.info, tfds)
        prepare(spec, builder)
        with written_once(folder) as whole:
            _write(spec, builder, image, label, whole, tfds)
    return folder


def open_builder(spec, cache):
    """The builder of `spec`, the module of TensorFlow Datasets, and the folder to write."""
    purpose = f"Reading {spec!r}"
    require("tensorflow", extra="tensorflow", purpose=purpose)
    tfds = require("tensorflow_datasets", extra="datasets", purpose=purpose)
    name = spec.removeprefix("tfds:")
    try:
        builder = tfds.builder(name)
    except Exception as error:  # TFDS has many kinds, down to AssertionError
        raise DataError(
            f"{spec}: TensorFlow Datasets does not have it ({_first_line(error)}). "
            f"The names are at https://www.tensorflow.org/datasets/catalog"
        ) from error
    folder = Path(cache, *builder.name.split("/"))
    if builder.builder_config is not None:
        folder /= builder.builder_config.name
    return builder, tfds, folder / str(builder.version)


@contextlib.contextmanager
def written_once(folder):
    """Give a folder to write to, which becomes `folder` if the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as place:
        whole = Path(place, "whole")
        yield whole
        _move(whole, folder)


def _image_and_label(spec, info, tfds):
    """Names of the features that hold the image and its class."""
    features = info.features if hasattr(info.features, "items") else {}
    images = [k for k, f in features.items() if isinstance(f, tfds.features.Image)]
    labels = [k for k, f in features.items() if isinstance(f, tfds.features.ClassLabel)]
    supervised = info.supervised_keys or ("image", "label")
    image = supervised[0] if supervised[0] in images else next(iter(images), None)
    label = supervised[1] if supervised[1] in labels else next(iter(labels), None)
    if image is None or label is None:
        raise DataError(
            f"{spec}: classification needs an image and a class label; this data set "
            f"has {', '.join(features) or 'neither'}."
        )
    if features[image].np_dtype not in (np.uint8, np.uint16):
        raise DataError(
            f"{spec}: its images are {features[image].np_dtype}, not pixels 0..255."
        )
    return image, label


def prepare(spec, builder):
    """Download and prepare, or say what to do."""
    try:
        builder.download_and_prepare()
    except ImportError as error:  # some data sets need packages of their own
        raise MissingExtraError(
            f"{spec}: preparing it needs the package {error.name!r}, which is not "
            f"installed. Install it with: pip install {error.name}"
        ) from error
    except Exception as error:  # network, checksum, disk, manual download: as TFDS says
        raise DataError(
            f"{spec}: not in {builder.data_dir}, and it cannot be downloaded "
            f"({_first_line(error)}). Check the network; or prepare it on another "
            f"machine (`tfds build {builder.name}`), copy the folder here, and set "
            f"TFDS_DATA_DIR to where it is."
        ) from error


def _write(spec, builder, image, label, folder, tfds):
    """Write the splits that dlzoo knows; images without a class (label -1) are not."""
    splits = [name for name in builder.info.splits if name in SPLIT_NAMES]
    if "train" not in splits:
        raise DataError(
            f"{spec}: it has no split 'train', only {', '.join(builder.info.splits)}."
        )
    names = builder.info.features[label].names
    for split in splits:
        dataset = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders={image: tfds.decode.SkipDecoding()},
        )
        total = builder.info.splits[split].num_examples
        examples = track(tfds.as_numpy(dataset), f"Writing {split}", total)
        for number, example in enumerate(examples):
            if example[label] >= 0:
                content = bytes(example[image])
                name = names[example[label]].replace("/", "_").lstrip(".")
                path = folder / split / name / f"{number:07d}{image_suffix(spec, content)}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def image_suffix(spec, content):
    """How the file of an encoded image ends."""
    for start, suffix in _SUFFIXES:
        if content.startswith(start):
            return suffix
    raise DataError(f"{spec}: an image in an unknown format (starts {content[:8]!r}).")


def _move(whole, folder):
    try:
        os.rename(whole, folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, with the same
            raise


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
