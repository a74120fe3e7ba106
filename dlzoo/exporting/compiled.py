"""`predictor`: from a model or an exported folder to a `Predictor`; what is made is kept."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import keras

from dlzoo._cache import cache_dir
from dlzoo._checks import check_choice, check_positive_int
from dlzoo._lock import locked
from dlzoo.errors import ExportError
from dlzoo.exporting.artefact import answers_of, check_precision
from dlzoo.exporting.calibration import Calibration, open_calibration
from dlzoo.exporting.checking import compared
from dlzoo.exporting.describing import describe, opened
from dlzoo.exporting.description import Description, is_exported
from dlzoo.exporting.formats import ENGINES, FORMATS, load
from dlzoo.exporting.prediction import Predictor
from dlzoo.exporting.quantising import check_quantisable, float32_of, quantise
from dlzoo.exporting.samples import sample_images
from dlzoo.exporting.writing import write

AUTO, FASTEST = "auto", "fastest"
_RUNTIME_ONLY = {"bfloat16": "float32"}  # how the files are that are computed in bfloat16


def predictor(
    model_or_path: str | os.PathLike | keras.Model,
    engine: str = AUTO,
    precision: str = AUTO,
    *,
    batch_size: int = 8,
    threads: int | None = None,
    preprocessing: Any = None,
    calibration: Any = None,
) -> Predictor:
    """A network as a fast function: images in, arrays out.

    What the engine needs is written once, compared with Keras, and kept in the cache
    (`DLZOO_CACHE`, or the platform's folder), by what the network is; two processes may do
    that at once.

    Args:
        model_or_path: The folder that `export` or `fine_tune` wrote, a `.keras` file, or a
            model.
        engine: `"openvino"`, `"onnxruntime"`, `"litert"`, `"tensorflow"`, `"jax"` or
            `"torch"`. `"auto"`: of those that are installed, with what writes for them, the
            first of openvino, onnxruntime and Keras's own backend; `"fastest"`: the one that
            is, measured here on batches of `batch_size`.
        precision: `"float32"`, `"bfloat16"` (openvino) or `"int8"`; `"auto"`: float32,
            or what was exported.
        batch_size: Images at once, and the size that the engine is prepared for, beside 1.
        threads: Of one call; None: as the engine chooses. TensorFlow and JAX have theirs for
            the whole process; PyTorch's are set for all of it.
        preprocessing: What a model without `ImagePreprocessing` expects, as in
            `dlzoo.fine_tune`.
        calibration: For int8: 10 to 300 images like those to come, without labels: paths, a
            folder, arrays.

    Raises:
        ValueError: An argument is not allowed, or the model takes no single image.
            `dlzoo.errors.ExportError`: the engine cannot have it, or answers something else.
            `dlzoo.errors.MissingExtraError`: the engine is not installed.

    Example:
        >>> import numpy as np
        >>> image = keras.Input((32, 32, 3))
        >>> x = keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(1 / 255)(image))
        >>> model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
        >>> answer = predictor(model, "tensorflow")
        >>> answer(np.zeros((5, 32, 32, 3), "uint8")).shape
        (5, 4)
    """
    check_choice("predictor", "engine", engine, (AUTO, FASTEST, *ENGINES))
    check_positive_int("predictor", "batch_size", batch_size)
    if threads is not None:
        check_positive_int("predictor", "threads", threads)
    path = _path(model_or_path)
    if path is not None and is_exported(path):
        _check_nothing_more(path, preprocessing=preprocessing, calibration=calibration)
        description = _as_asked(path, engine, precision)
        run = load(path, description, batch_size=batch_size, threads=threads)
        return Predictor(run, description, batch_size)
    model = opened(model_or_path, preprocessing)
    precision = "float32" if precision == AUTO else precision
    about = preprocessing, calibration
    if engine == FASTEST:
        from dlzoo.exporting.timing import fastest

        return fastest(_each_engine(model, precision, about, batch_size, threads))
    chosen = _first_installed(precision) if engine == AUTO else engine
    return _made(model, chosen, precision, about, batch_size, threads)


def _path(model):
    return None if isinstance(model, keras.Model) else Path(model).expanduser()


def _check_nothing_more(path, **given):
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"predictor: {name} must be None for {path}, because what was exported has it "
                f"inside; got {type(value).__name__}. Give the model itself to change it."
            )


def _as_asked(path, engine, precision):
    """The description of an exported network, in the precision that is asked for."""
    description = Description.read(path)
    own = FORMATS[description.format].engine
    if engine not in (AUTO, FASTEST, own):
        raise ValueError(
            f"predictor: engine must be {own!r} or 'auto' for {path}, because it holds "
            f"{description.format}; got {engine!r}. Give the model itself for another."
        )
    if precision in (AUTO, description.precision):
        return description
    check_precision("predictor", description.format, precision)
    if _RUNTIME_ONLY.get(precision) != description.precision:
        raise ValueError(
            f"predictor: precision must be {description.precision!r} or 'auto' for {path}, "
            f"because it was exported so; got {precision!r}."
        )
    return description.at(precision=precision)


def _first_installed(precision):
    own = keras.backend.backend()
    found = [
        name
        for name in ("openvino", "onnxruntime", own, *ENGINES)
        if FORMATS[ENGINES[name]].installed() and FORMATS[ENGINES[name]].writer(own)
    ]
    able = [name for name in found if precision in FORMATS[ENGINES[name]].precisions]
    return (able or found)[0]


def _each_engine(model, precision, about, batch_size, threads):
    """A predictor of each engine that is installed and can have the model."""
    for engine, form in ENGINES.items():
        if FORMATS[form].installed() and precision in FORMATS[form].precisions:
            try:
                yield _made(model, engine, precision, about, batch_size, threads)
            except (ExportError, ImportError):
                continue  # others can


def _made(model, engine, precision, about, batch_size, threads):
    form = ENGINES[engine]
    preprocessing, calibration = about
    check_precision("predictor", form, precision)
    description = describe(model, form, precision, preprocessing)
    chosen = open_calibration("predictor", description, calibration)
    if chosen is not None:
        description = description.at(quantised=chosen.to_dict())
    folder = _kept(model, description, chosen)
    run = load(folder, description, batch_size=batch_size, threads=threads)
    return Predictor(run, description, batch_size)


def _kept(
    model: keras.Model, description: Description, chosen: Calibration | None = None
) -> Path:
    """The folder in the cache with the network's files; written and compared at first."""
    written = description.at(
        precision=_RUNTIME_ONLY.get(description.precision, description.precision)
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
