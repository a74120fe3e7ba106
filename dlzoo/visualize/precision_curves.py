"""Precision over recall."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dlzoo.visualize.box_drawing import class_colours
from dlzoo.visualize.figures import new_figure

_MOST = 20  # classes in one picture


def precision_recall_curves(curves: Mapping[str, Any], *, title: str = "") -> Figure:
    """Draw a line a class.

    Args:
        curves: Name to `dlzoo.metrics.PrecisionRecall`; classes without objects are left
            out, and of more than 20 those with the fewest.
        title: Above.
    """
    known = {name: curve for name, curve in curves.items() if curve.objects}
    shown = sorted(known, key=lambda name: -known[name].objects)[:_MOST]
    figure = new_figure(6.4, 5.2)
    panel = figure.subplots()
    colours = dict(zip(curves, class_colours(len(curves)), strict=True))
    for name in shown:
        curve = known[name]
        panel.plot(
            [0, *curve.recall],
            [*curve.precision[:1], *curve.precision] if len(curve.precision) else [0],
            color=tuple(part / 255 for part in colours[name]),
            linewidth=2,
            label=f"{name[:24]} ({curve.objects})",
        )
    panel.set(xlim=(0, 1.01), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=None))
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_title(title, loc="left", fontsize=11)
    if shown:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure
