"""`dlzoo.bench`: each engine beside Keras's own `predict`."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_choice, check_positive_int
from dlzoo._progress import track
from dlzoo.exporting.describing import image_shape
from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import ENGINES, FORMATS
from dlzoo.exporting.opening import exported_folder, predictor
from dlzoo.exporting.timing import (
    KERAS,
    SIDE,
    BenchReport,
    Timing,
    alternate,
    milliseconds,
    processor,
)
from dlzoo.layers.raw_pixels import taking_raw_pixels
from dlzoo.layers.saved_model import open_model
from dlzoo.models import create_model
from dlzoo.weights import card, list_models


def bench(
    model: str | os.PathLike | keras.Model,
    *,
    engines: Sequence[str] | None = None,
    precisions: Sequence[str] = ("float32",),
    batch_sizes: Sequence[int] = (1, 8),
    rounds: int = 10,
    image_size: int | None = None,
    preprocessing: Any = None,
    calibration: Any = None,
) -> BenchReport:
    """Time `dlzoo.predictor` with each engine beside Keras's own `predict`.

    The engines take turns of a tenth of a second; what is written for them stays in the cache.
    Arrays of raw pixels go in, so that reading files is not counted.

    Args:
        model: A name of the zoo (random weights: they are as fast as others), the folder of a
            run, a `.keras` file, a `keras.Model`, or the folder of an exported network, which
            is timed as it is.
        engines: Keys of `dlzoo.exporting.ENGINES`; None: all that are installed.
        precisions: Of `"float32"`, `"bfloat16"`, `"int8"`; an engine without one is left out.
        batch_sizes: Images a call.
        rounds: Turns of each engine.
        image_size: Side in pixels, for a network that takes images of any size.
        preprocessing, calibration: As `dlzoo.predictor` takes them.

    Returns:
        A `BenchReport`.

    Raises:
        ValueError: An argument is not allowed, or nothing could be timed.
            `dlzoo.errors.DataError`: there is no such model.
    """
    check_positive_int("bench", "rounds", rounds)
    for size in batch_sizes:
        check_positive_int("bench", "batch_sizes", size)
    if image_size is not None:
        check_positive_int("bench", "image_size", image_size)
    source, name, shape = _opened(model)
    pairs = _asked(source, engines, precisions)
    sides = tuple(side or image_size or SIDE for side in shape[:2])
    options = {"preprocessing": preprocessing}
    if calibration is not None:
        options["calibration"] = calibration
    noise = np.random.default_rng(0)
    timings: list[Timing] = []
    absent: dict[str, str] = {}
    for size in batch_sizes:
        images = noise.integers(0, 256, (size, *sides, shape[2]), dtype="uint8")
        steps = _steps(source, pairs, images, options, absent)
        for (engine, precision), seconds in alternate(steps, rounds=rounds).items():
            timings.append(Timing(engine, precision, size, *milliseconds(seconds)))
    if not timings:
        raise ValueError(f"bench: nothing could be timed: {'; '.join(absent.values())}")
    machine = f"{processor()}, {os.cpu_count()} cores"
    return BenchReport(name, (*sides, shape[2]), tuple(timings), absent, machine)


def _opened(model):
    """A Keras model or an exported folder; its name and input shape."""
    folder = exported_folder(model)
    if folder is not None:
        found = Description.read(folder)
        return folder, found.name, found.input_shape
    if isinstance(model, str) and not Path(model).expanduser().exists():
        if model in list_models():
            model = create_model(model, include_preprocessing=True)
        elif Path(model).name == model and not Path(model).suffix:
            card(model)  # an error with names that are close
    opened = open_model(model)
    return opened, opened.name, image_shape(opened)


def _asked(source, engines, precisions):
    """Pairs of engine and precision."""
    if isinstance(source, Path):
        found = Description.read(source)
        return [(FORMATS[found.format].engine, found.precision)]
    for engine in engines or ():
        check_choice("bench", "engines", engine, ENGINES)
    rows = {engine: FORMATS[form] for engine, form in ENGINES.items()}
    known = {precision for row in rows.values() for precision in row.precisions}
    for precision in precisions:
        check_choice("bench", "precisions", precision, known)
    return [
        (engine, precision)
        for engine, row in rows.items()
        for precision in precisions
        if (engine in engines if engines else row.installed()) and precision in row.precisions
    ]


def _steps(source, pairs, images, options, absent):
    """What is timed: (engine, precision) to a call without arguments."""
    steps: dict[Any, Callable[[], Any]] = {}
    if not isinstance(source, Path):
        slow = taking_raw_pixels(source, options["preprocessing"])
        predict = functools.partial(slow.predict, batch_size=len(images), verbose=0)
        steps[KERAS, "float32"] = functools.partial(predict, images.astype("float32"))
    for engine, precision in track(pairs, "Building"):
        own = {k: v for k, v in options.items() if k != "calibration" or precision == "int8"}
        try:
            run = predictor(source, engine, precision, batch_size=len(images), **own)
        except (ValueError, ImportError) as error:
            absent[f"{engine}, {precision}"] = str(error).strip().splitlines()[0]
        else:
            steps[engine, precision] = functools.partial(run, images)
    return steps
