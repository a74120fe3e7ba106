"""Scores of labels, side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dlzoo.visualize.figures import BLUE, GREEN, ORANGE, new_figure

_MOST = 40  # labels in one picture


def label_scores(labels: Sequence[Any], *, title: str = "") -> Figure:
    """Draw precision, recall and average precision of each label, the worst F1 on top.

    Args:
        labels: Objects with `name`, `precision`, `recall`, `f1`, `average_precision` (or
            None) and `support`. Of more than 40 the worst are shown.
        title: Above the bars.
    """
    shown = sorted(labels, key=lambda label: label.f1)[:_MOST]
    if len(shown) < len(labels):
        title += f" (the worst {_MOST} of {len(labels)} labels)"
    figure = new_figure(7.5, 1.6 + 0.42 * len(shown))
    panel = figure.subplots()
    places = np.arange(len(shown))
    panel.barh(places, [x.recall for x in shown], 0.36, color=BLUE, label="recall")
    below = places + 0.36
    panel.barh(below, [x.precision for x in shown], 0.36, color=ORANGE, label="precision")
    areas = [(i, x.average_precision) for i, x in enumerate(shown)]
    known = [(area, i + 0.18) for i, area in areas if area is not None]
    if known:
        x, y = zip(*known, strict=True)
        panel.plot(x, y, "D", color=GREEN, markersize=6, label="average precision")
    names = [f"{_short(label.name)} ({label.support})" for label in shown]
    panel.set_yticks(places + 0.18, names)
    panel.invert_yaxis()
    panel.set_xlim(0, 1.02)
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    panel.grid(axis="x", alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_title(title, loc="left", fontsize=11)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _short(name):
    return name if len(name) <= 24 else f"{name[:22]}.."
