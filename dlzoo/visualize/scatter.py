"""Quantities: what was answered against what is true."""

import numpy as np
from matplotlib.figure import Figure

from dlzoo.visualize.figures import BLUE, GREY, new_figure


def true_against_predicted(
    true: np.ndarray, predicted: np.ndarray, *, title: str = "", name: str = ""
) -> Figure:
    """Draw a point an example; on the diagonal the answer is right.

    Args:
        true, predicted: `(examples,)`, in the same unit.
        title: Above.
        name: Of the quantity, for the axes.
    """
    figure = new_figure(5.2, 5.2)
    panel = figure.subplots()
    both = np.concatenate([true, predicted])
    ends = [both.min(), both.max()]
    panel.plot(ends, ends, color=GREY, linewidth=1, linestyle="--")
    alpha = float(np.clip(40 / len(true), 0.15, 0.8))  # a cloud shows where it is dense
    panel.scatter(true, predicted, s=18, color=BLUE, alpha=alpha, linewidths=0)
    panel.set_aspect("equal", adjustable="datalim")
    panel.set_xlabel(f"{name}, true".lstrip(", "))
    panel.set_ylabel(f"{name}, predicted".lstrip(", "))
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_title(title, loc="left", fontsize=11)
    return figure
