"""From a model to a `Predictor`; what is made for an engine is kept."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import keras

from dlzoo._cache import cache_dir
from dlzoo._lock import locked
from dlzoo.errors import ExportError
from dlzoo.exporting.artefact import answers_of
from dlzoo.exporting.calibration import Calibration, open_calibration
from dlzoo.exporting.checking import compared
from dlzoo.exporting.describing import describe, in_format, opened
from dlzoo.exporting.description import Description, is_exported
from dlzoo.exporting.formats import ENGINES, FORMATS, check_precision, load
from dlzoo.exporting.opening import AUTO, RUNTIME_ONLY
from dlzoo.exporting.prediction import Predictor
from dlzoo.exporting.quantising import check_quantisable, float32_of, quantise
from dlzoo.exporting.samples import sample_images
from dlzoo.exporting.writing import write


class Maker:
    """Makes predictors of one model, by any engine.

    Args:
        model, precision, preprocessing, calibration, batch_size, threads: As `predictor`'s.
    """

    def __init__(self, model, precision, preprocessing, calibration, batch_size, threads):
        self.model = opened(model, preprocessing)
        self.precision = "float32" if precision == AUTO else precision
        self.preprocessing = preprocessing
        self.calibration = calibration
        self.batch_size = batch_size
        self.threads = threads

    @cached_property
    def _description(self):
        """In any format: hashing the weights once is enough."""
        form = next(iter(FORMATS))
        return describe(self.model, form, self.precision, self.preprocessing)

    def __call__(self, engine: str) -> Predictor:
        """By one engine."""
        form = ENGINES[engine]
        check_precision("predictor", form, self.precision)
        description = in_format(self._description, form)
        chosen = open_calibration("predictor", description, self.calibration)
        if chosen is not None:
            description = description.at(quantised=chosen.to_dict())
        folder = _kept(self.model, description, chosen)
        run = load(folder, description, batch_size=self.batch_size, threads=self.threads)
        return Predictor(run, description, self.batch_size)

    def first(self) -> Predictor:
        """By the best engine that is installed and has the precision."""
        own = keras.backend.backend()
        usual = dict.fromkeys(("openvino", "onnxruntime", own, *ENGINES))
        forms = {name: FORMATS[ENGINES[name]] for name in usual}
        found = [name for name, form in forms.items() if form.installed() and form.writer(own)]
        able = [name for name in found if self.precision in forms[name].precisions]
        return self((able or found)[0])

    def each(self) -> Iterator[Predictor]:
        """By every engine that is installed and can have the model."""
        for engine, form in ENGINES.items():
            if FORMATS[form].installed() and self.precision in FORMATS[form].precisions:
                try:
                    yield self(engine)
                except (ExportError, ImportError):
                    continue  # others can


def _kept(
    model: keras.Model, description: Description, chosen: Calibration | None = None
) -> Path:
    """The folder in the cache with the network's files; written and compared at first."""
    written = description.at(
        precision=RUNTIME_ONLY.get(description.precision, description.precision)
    )
    key = hashlib.sha256(json.dumps(written.to_dict(), sort_keys=True).encode()).hexdigest()
    root = cache_dir() / "predictors"
    root.mkdir(exist_ok=True)
    folder = root / key[:32]
    with locked(root / f"{key[:32]}.lock"):
        if not is_exported(folder):
            _write_and_compare(model, written, folder, chosen)
    return folder


def _write_and_compare(model, description, folder, chosen):
    scratch = folder.with_name(f".partial-{folder.name}")
    shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
    scratch.mkdir()
    try:
        if chosen is None:
            write(model, scratch, description)
            images = sample_images(description)[:2]
        else:
            check_quantisable(description.format)
            plain = _kept(model, float32_of(description))
            quantise(model, plain, scratch, description, chosen.pixels(description))
            images = sample_images(description, chosen.some())
        run = load(scratch, description, batch_size=len(images))
        compared(description, answers_of(model, images), run(images))
        description.write(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
