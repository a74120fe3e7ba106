"""`export`: a network for other programs, written, run again in a fresh process, compared."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from dlzoo._checks import check_choice
from dlzoo._text import columns
from dlzoo.exporting.calibration import open_calibration
from dlzoo.exporting.checking import Check, check, compared
from dlzoo.exporting.describing import describe, opened
from dlzoo.exporting.description import ARCHITECTURE, Description
from dlzoo.exporting.folders import check_free, new_folder
from dlzoo.exporting.formats import FORMATS, check_precision, load
from dlzoo.exporting.gain import Gain, gain, labelled_images, network_size
from dlzoo.exporting.quantising import check_quantisable, float32_of, quantise
from dlzoo.exporting.samples import sample_images
from dlzoo.exporting.writing import in_float32, write
from dlzoo.training.inference import forward


@dataclass(frozen=True)
class Exported:
    """What `export` wrote, and how it answers.

    Attributes:
        path: The folder.
        description: What is in it; also in `dlzoo.json`.
        check: The comparison with Keras.
        size: Bytes of the network's files.
        gain: Of int8: float32 and int8 side by side.
    """

    path: Path
    description: Description
    check: Check
    size: int
    gain: Gain | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path),
            "format": self.description.format,
            "precision": self.description.precision,
            "size": self.size,
            "check": self.check.to_dict(),
            "gain": None if self.gain is None else self.gain.to_dict(),
        }

    def __str__(self) -> str:
        form, found = FORMATS[self.description.format], self.check
        agreement = "-" if found.agreement is None else f"{found.agreement:.1%}"
        head = ("format", "precision", "size, MB", "run by", "one image, ms",
                "difference", "allowed", "same class")  # fmt: skip
        row = (
            self.description.format,
            self.description.precision,
            f"{self.size / 1e6:.1f}",
            form.engine,
            f"{found.latency_ms:.1f}",
            f"{found.difference:.1g}",
            f"{found.tolerance:g}",
            agreement,
        )
        alike = "the same" if self.description.precision == "float32" else "nearly the same"
        end = f"{self.path}: {alike} answers as Keras on {found.images} images."
        gained = "" if self.gain is None else f"\n\n{self.gain}"
        return f"{columns([head, row])}\n{end}{gained}"


def export(
    model: str | os.PathLike | keras.Model,
    path: str | os.PathLike,
    format: str = "openvino",
    *,
    precision: str = "float32",
    preprocessing: Any = None,
    images: Any = None,
    calibration: Any = None,
    evaluate: Any = None,
) -> Exported:
    """Write a network for other programs, run it in a fresh process, compare its answers.

    The folder gets the files of the format, `dlzoo.json` (input, outputs, labels, how images
    are read, versions, the comparison), `labels.txt`, and Keras's layers for `dlzoo.predict`.
    The network takes float32 RGB of 0 to 255, `(batch, height, width, 3)`: preprocessing is
    inside. If its answers are not Keras's, that is an error and nothing is written. Where the
    backend in use cannot write the format, a process with another one does.

    Args:
        model: The folder that `fine_tune` wrote, a `.keras` file, or a model.
        path: A folder: new, empty, or of an earlier export, which is replaced.
        format: `"openvino"`, `"onnx"`, `"litert"`, `"saved_model"`, `"torch"` or `"jax"`.
        precision: What is computed in: `"float32"`, `"bfloat16"` (OpenVINO), or
            `"int8"` (OpenVINO, ONNX, LiteRT).
        preprocessing: What a model without `ImagePreprocessing` expects, as in
            `dlzoo.fine_tune`.
        images: For the comparison: paths, a folder, arrays; by default two photographs of
            scikit-learn's, or for int8 some of `calibration`.
        calibration: For int8: images like those to come, without labels, as `images`; at
            least 10, and 300 are taken at most. Ranges of activations come from them.
        evaluate: For int8: labelled images, on which float32 and int8 are counted; a folder
            of class folders, or a list of `(path, label)` with names or numbers of classes.
            Without it the answers of both to `calibration` are compared.

    Returns:
        An `Exported`, which prints as a table.

    Raises:
        ValueError: An argument is not allowed, or the model takes no single image.
            `dlzoo.errors.ExportError`: it cannot be written, or answers something else.
            `dlzoo.errors.MissingExtraError`: a package is not installed.
            `dlzoo.errors.DataError`: `path` holds something else.
    """
    check_choice("export", "format", format, FORMATS)
    check_precision("export", format, precision)
    target = Path(path).expanduser()
    check_free(target)
    model = opened(model, preprocessing)
    description = describe(model, format, precision, preprocessing)
    chosen = open_calibration("export", description, calibration)
    if chosen is not None:
        return _export_int8(model, target, description, images, chosen, evaluate)
    _check_no_labels(precision, evaluate)
    samples = sample_images(description, images)
    expected = answers_of(model, samples)
    with new_folder(target) as folder:
        write(model, folder, description)
        description.write(folder)
        found = check(folder, description, samples, expected)
        description = description.at(check=found.to_dict())
        _describe_in(folder, model, description)
        size = network_size(folder)
    return Exported(target, description, found, size)


def _export_int8(model, target, description, images, chosen, evaluate):
    """float32 first, compared with Keras; from it int8, compared with both."""
    labelled = labelled_images("export", description, evaluate)
    check_quantisable(description.format)
    pixels = chosen.pixels(description)
    samples = sample_images(description, chosen.some() if images is None else images)
    expected = answers_of(model, samples)
    plain = float32_of(description)
    description = description.at(quantised=chosen.to_dict())
    with new_folder(target) as folder, _scratch() as beside:
        write(model, beside, plain)
        run = load(beside, plain, batch_size=len(samples))
        compared(plain, expected, run(samples))
        quantise(model, beside, folder, description, pixels)
        description.write(folder)
        found = check(folder, description, samples, expected)
        gained = gain((beside, folder), (plain, description), pixels, labelled)
        about = chosen.to_dict() | gained.to_dict()
        description = description.at(check=found.to_dict(), quantised=about)
        _describe_in(folder, model, description)
        size = network_size(folder)
    return Exported(target, description, found, size, gained)


def _describe_in(folder, model, description):
    description.write(folder)
    (folder / ARCHITECTURE).write_text(model.to_json(), encoding="utf-8")


@contextmanager
def _scratch() -> Iterator[Path]:
    # An engine may hold its files until the process ends; Windows does not delete such.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _check_no_labels(precision, evaluate):
    if evaluate is not None:
        raise ValueError(
            f"export: evaluate must be None for {precision}, because the answers are Keras's "
            f"own; got labelled images. They are for what int8 costs: precision='int8'."
        )


def answers_of(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """What Keras answers in float32, in the order in which artefacts do."""
    with in_float32(model):
        return tree.flatten(forward(model, images, len(images)))
