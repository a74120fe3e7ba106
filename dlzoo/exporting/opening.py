"""`predictor`: from a model or an exported folder to a `Predictor`.

An exported folder is opened without Keras, which takes longer to import than that.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.exporting.description import Description, is_exported
from dlzoo.exporting.formats import ENGINES, FORMATS, check_precision, load
from dlzoo.exporting.prediction import Predictor

if TYPE_CHECKING:
    import keras

AUTO, FASTEST = "auto", "fastest"
RUNTIME_ONLY = {"bfloat16": "float32"}  # how the files are that are computed in bfloat16


def predictor(
    model_or_path: "str | os.PathLike | keras.Model",
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
        >>> import keras
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
    folder = exported_folder(model_or_path)
    if folder is not None:
        _check_nothing_more(folder, preprocessing=preprocessing, calibration=calibration)
        description = _as_asked(folder, engine, precision)
        run = load(folder, description, batch_size=batch_size, threads=threads)
        return Predictor(run, description, batch_size)
    from dlzoo.exporting.compiled import Maker

    make = Maker(model_or_path, precision, preprocessing, calibration, batch_size, threads)
    if engine == FASTEST:
        from dlzoo.exporting.timing import fastest

        return fastest(make.each())
    return make.first() if engine == AUTO else make(engine)


def exported_folder(model: Any) -> Path | None:
    """The folder that `export` wrote, or None if `model` is something else."""
    path = Path(model).expanduser() if isinstance(model, str | os.PathLike) else None
    return path if path is not None and is_exported(path) else None


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
    if RUNTIME_ONLY.get(precision) != description.precision:
        raise ValueError(
            f"predictor: precision must be {description.precision!r} or 'auto' for {path}, "
            f"because it was exported so; got {precision!r}."
        )
    return description.at(precision=precision)
