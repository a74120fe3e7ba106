"""Confusion matrices that stay legible from two classes to a thousand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from dlzoo.visualize.figures import new_figure

_NUMBERS = 20  # up to this many classes the counts are written into the cells
_NAMES = 60  # up to this many every class is named
_PAIRS = 15  # beyond: so many of the commonest confusions are listed


def confusion_matrix(matrix: Any, classes: Sequence[str], *, title: str = "") -> Figure:
    """Draw how often each class was taken for each other.

    Rows are true classes, columns predicted ones; the colour is the fraction of the row.
    Up to 20 classes have their numbers written in; with more than 60 the axes give class
    numbers, and the commonest confusions are listed by name.

    Args:
        matrix: `matrix[true][predicted]`: number of examples.
        classes: Names.
        title: Above the matrix.
    """
    counts = np.asarray(matrix)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    many = len(classes) > _NAMES
    side = float(np.clip(2.5 + 0.42 * len(classes), 4.5, 12))
    figure = new_figure(side + (4.0 if many else 1.0), side)
    panels = figure.subplots(1, 2, width_ratios=[3, 1]) if many else [figure.subplots()]
    panel = panels[0]
    # the square root of the share, or a few mistakes among many classes are invisible
    scale = PowerNorm(1.0 if len(classes) <= _NUMBERS else 0.5, vmin=0, vmax=1)
    picture = panel.imshow(share, cmap="Blues", norm=scale, interpolation="nearest")
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    panel.set_title(title, loc="left", fontsize=11)
    if not many:
        _name_axes(panel, classes)
    if len(classes) <= _NUMBERS:
        _write_counts(panel, counts, share)
    else:
        figure.colorbar(picture, ax=panel, shrink=0.6, label="fraction of the true class")
    if many:
        _list_confusions(panels[1], counts, classes)
    return figure


def _name_axes(panel, classes):
    short = [name if len(name) <= 24 else f"{name[:22]}.." for name in classes]
    size = 10 if len(classes) <= _NUMBERS else 7
    upright = len(classes) <= 12 and max(map(len, short)) <= 6
    panel.set_xticks(range(len(classes)), short, fontsize=size, rotation=0 if upright else 90)
    panel.set_yticks(range(len(classes)), short, fontsize=size)


def _write_counts(panel, counts, share):
    for true, predicted in zip(*np.nonzero(counts), strict=True):
        colour = "white" if share[true, predicted] > 0.5 else "black"
        text = str(counts[true, predicted])
        panel.text(predicted, true, text, ha="center", va="center", color=colour)


def _list_confusions(panel, counts, classes):
    """The commonest confusions by name, beside the matrix."""
    panel.axis("off")
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    lines = []
    for place in order:
        true, predicted = np.unravel_index(place, wrong.shape)
        if wrong[true, predicted]:
            lines.append(
                f"{wrong[true, predicted]:>4} x {true} {classes[true]}\n"
                f"       taken for {predicted} {classes[predicted]}"
            )
    text = "\n".join(["Commonest confusions", "", *lines]) if lines else "No confusions"
    panel.text(0, 1, text, va="top", fontsize=9, transform=panel.transAxes)
