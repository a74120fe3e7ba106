"""The pictures of a detection."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dlzoo.data import read_image
from dlzoo.detection.prediction import THRESHOLD
from dlzoo.detection.report import BoxReport
from dlzoo.metrics import PrecisionRecall, precision_recall
from dlzoo.metrics.average_precision import Found, Truth
from dlzoo.visualize import (
    class_colours,
    draw_boxes,
    new_figure,
    precision_recall_curves,
    save_figure,
)
from dlzoo.visualize.figures import GREY

_ROWS = 4  # images in one picture
_LONGEST = 640  # pixels of an image in a picture


def draw(report: BoxReport, answers: Any, dataset: Any, folder: Path) -> None:
    """Write all pictures of a report into `folder`.

    Args:
        report: What was measured.
        answers: `BoxAnswers` of each split.
        dataset: The `BoxDataset`.
        folder: Where.
    """
    split = report.headline
    examples, mine = dataset.splits[split], answers[split]
    curves = precision_recall(mine.truths, mine.found, len(report.classes))
    title = f"{split}: precision over recall at IoU 0.50 (objects)"
    figure = curves_figure(report.classes, curves, title)
    save_figure(figure, folder / "precision_recall.png")
    first = range(min(len(examples), _ROWS))
    for name, numbers, words in (
        ("predictions", first, f"The first images of {split}"),
        ("worst", mine.worst[:_ROWS], f"The images of {split} with the lowest F1"),
    ):
        rows = [
            (examples.paths[n], mine.truths[n], mine.found[n], mine.errors[n]) for n in numbers
        ]
        figure = comparison(rows, report.classes, title=words)
        save_figure(figure, folder / f"{name}.png")


def curves_figure(
    classes: Sequence[str], curves: Sequence[PrecisionRecall], title: str
) -> Figure:
    """Precision over recall of each class by its name."""
    return precision_recall_curves(dict(zip(classes, curves, strict=True)), title=title)


def comparison(
    rows: Sequence[tuple[Path, Truth, Found, tuple[float, int, int]]],
    classes: Sequence[str],
    *,
    title: str = "",
) -> Figure:
    """Truth and what was found side by side, a row an image.

    Args:
        rows: Of each image its path, the truth, what was found, and `image_errors`.
        classes: Names.
        title: Above.
    """
    figure = new_figure(10, 3.9 * max(len(rows), 1) + 0.7)
    figure.suptitle(title, x=0.005, ha="left", fontsize=12)
    panels = figure.subplots(max(len(rows), 1), 2, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for pair, (path, truth, found, errors) in zip(panels, rows, strict=False):
        image = read_image(path)
        step = max(1, max(image.shape) // _LONGEST)
        small = np.ascontiguousarray(image[::step, ::step])
        _, missed, wrong = errors
        for panel, drawn, words in (
            (pair[0], _truth(small, truth, classes, step), f"{path.name}: truth"),
            (pair[1], _found(small, found, classes, step), f"{missed} missed, {wrong} wrong"),
        ):
            panel.imshow(drawn)
            panel.set_title(words, fontsize=9, loc="left", color=GREY)
    return figure


def _truth(image, truth, classes, step):
    boxes, numbers, ignored = truth
    captions = [
        classes[n] + (" (ignored)" if i else "") for n, i in zip(numbers, ignored, strict=True)
    ]
    return _drawn(image, boxes, numbers, captions, classes, step)


def _found(image, found, classes, step):
    boxes, scores, numbers = (np.asarray(part) for part in found)
    sure = np.flatnonzero(scores >= THRESHOLD)[::-1]  # the surest on top
    captions = [f"{classes[numbers[place]]} {scores[place]:.0%}" for place in sure]
    return _drawn(image, boxes[sure], numbers[sure], captions, classes, step)


def _drawn(image, boxes, numbers, captions, classes, step):
    colours = class_colours(len(classes))
    places = np.asarray(boxes, np.float64).reshape(-1, 4) / step
    return draw_boxes(image, places, captions, [colours[number] for number in numbers])
