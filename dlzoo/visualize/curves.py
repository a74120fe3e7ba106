"""Learning curves: how loss and accuracy went, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dlzoo.visualize.figures import BLUE, GREY, ORANGE, new_figure

_FRACTIONS = ("accuracy", "f1", "iou")  # drawn as per cent, also with a target's name in front
_COLUMNS = 4
_LETTER = 0.015  # of a panel's width


def learning_curves(
    history: Sequence[Mapping[str, Any]],
    metrics: Sequence[str] = ("loss", "accuracy"),
) -> Figure:
    """Draw metrics on the training and dev images over the epochs of all stages.

    Args:
        history: One record an epoch with `"stage"`, the metrics, the same with `val_` in
            front (if there is a dev set), and `"improved"`.
        metrics: What to draw, one panel each, four in a row; those that no record has are
            left out.
    """
    metrics = [name for name in metrics if _known(history, name)] or metrics[:1]
    columns = min(len(metrics), _COLUMNS)
    rows = -(-len(metrics) // columns)
    figure = new_figure(5.2 * columns, 3.8 * rows)
    epochs = range(1, len(history) + 1)
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for panel in panels[len(metrics) :]:
        panel.remove()
    for panel, metric in zip(panels, metrics, strict=False):
        style = {"linewidth": 2, "marker": "o", "markersize": 3}
        train, dev = _values(history, metric), _values(history, f"val_{metric}")
        if _any(train):
            panel.plot(epochs, train, color=BLUE, label="train", **style)
        if _any(dev):
            panel.plot(epochs, dev, color=ORANGE, label="dev", **style)
            _mark_best(panel, history, dev)
        _mark_stages(panel, history)
        panel.set_title(metric, loc="left", pad=18)
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        if metric.split("_")[-1] in _FRACTIONS:
            panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False)
    return figure


def _values(history, metric):
    return [record.get(metric) for record in history]


def _any(values):
    return any(value is not None for value in values)


def _known(history, metric):
    return _any(_values(history, metric)) or _any(_values(history, f"val_{metric}"))


def _mark_best(panel, history, dev):
    best = [place for place, record in enumerate(history) if record.get("improved")]
    if best:
        panel.plot(
            best[-1] + 1,
            dev[best[-1]],
            marker="o",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor=ORANGE,
            markeredgewidth=2,
            linestyle="none",
            label="kept",
        )


def _mark_stages(panel, history):
    """A line where a stage begins, with its name above unless the stage is too short for it."""
    names = [record["stage"] for record in history]
    for place, name in enumerate(names):
        if place and names[place - 1] == name:
            continue
        if place:
            panel.axvline(place + 0.5, color=GREY, linewidth=1, linestyle="--")
        if _LETTER * len(name) * len(names) > names.count(name):
            continue
        panel.annotate(
            name,
            (place + (0.5 if place else 1.0), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, 3),
            textcoords="offset points",
            color=GREY,
            fontsize=9,
        )
