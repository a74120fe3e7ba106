"""A search of hyperparameters: how it went, and what mattered."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from dlzoo.visualize.figures import BLUE, GREY, ORANGE, new_figure

_COLUMNS = 3


def search_history(result: Any) -> Figure:
    """Draw the score of each trial with the best so far, and the curves of all trials.

    Args:
        result: What `dlzoo.training.search` returned.
    """
    figure = new_figure(10.4, 3.8)
    scores, curves = figure.subplots(1, 2)
    _draw_scores(scores, result)
    _draw_curves(curves, result)
    for panel in (scores, curves):
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_ylabel(result.metric)
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    return figure


def search_parameters(result: Any) -> Figure:
    """Draw the score over each hyperparameter, the most important first.

    Args:
        result: What `dlzoo.training.search` returned.
    """
    names = sorted(result.space, key=lambda name: -result.importance.get(name, 0))
    rows = -(-len(names) // _COLUMNS)
    figure = new_figure(3.6 * min(_COLUMNS, len(names)), 3.2 * rows)
    panels = figure.subplots(rows, min(_COLUMNS, len(names)), squeeze=False).flat
    for place, panel in enumerate(panels):
        if place >= len(names):
            panel.set_axis_off()
            continue
        _draw_parameter(panel, result, names[place])
    return figure


def _draw_scores(panel, result):
    finished = [t for t in result.trials if t.state == "finished"]
    pruned = [t for t in result.trials if t.state == "pruned" and t.score is not None]
    numbers, values = [t.number for t in finished], [t.score for t in finished]
    best = (np.maximum if result.maximise else np.minimum).accumulate(values)
    until = [*numbers, result.trials[-1].number] if numbers else []
    panel.scatter(numbers, values, color=BLUE, s=22, label="finished", zorder=3)
    panel.scatter(
        [t.number for t in pruned],
        [t.score for t in pruned],
        facecolors="none",
        edgecolors=GREY,
        s=22,
        label="pruned",
    )
    style = {"where": "post", "color": ORANGE, "linewidth": 2}
    panel.step(until, [*best, *best[-1:]], label="best so far", **style)
    panel.set_xlabel("trial")
    panel.set_title("trials", loc="left")
    panel.legend(frameon=False)


def _draw_curves(panel, result):
    best = result.ranking[0] if result.ranking else None
    for trial in result.trials:
        chosen = trial is best
        panel.plot(
            range(1, len(trial.curve) + 1),
            trial.curve,
            color=ORANGE if chosen else GREY,
            linewidth=2 if chosen else 1,
            alpha=1 if chosen else 0.5,
            marker="o" if chosen or len(trial.curve) == 1 else None,
            markersize=3,
            zorder=3 if chosen else 2,
        )
    panel.set_xlabel("epoch")
    panel.set_title("curves", loc="left")


def _draw_parameter(panel, result, name):
    parameter = result.space[name]
    trials = [t for t in result.trials if t.score is not None and name in t.params]
    values = [t.params[name] for t in trials]
    if parameter.kind == "choice":
        places = [parameter.choices.index(value) for value in values]
        panel.set_xticks(range(len(parameter.choices)), map(str, parameter.choices))
        panel.set_xlim(-0.5, len(parameter.choices) - 0.5)
    else:
        # its distance from 1 is what was drawn
        places = [1 - v for v in values] if parameter.kind == "near_one" else values
        if parameter.kind in ("log", "log integers", "near_one"):
            _log_axis(panel, places)
    finished = np.array([t.state == "finished" for t in trials], dtype=bool)
    across, up = np.array(places, dtype=float), np.array([t.score for t in trials])
    panel.scatter(across[finished], up[finished], color=BLUE, s=22, zorder=3)
    panel.scatter(
        across[~finished], up[~finished], facecolors="none", edgecolors=GREY, s=22, zorder=2
    )
    share = result.importance.get(name)
    panel.set_title(name if share is None else f"{name} ({share:.0%})", loc="left")
    panel.set_xlabel(f"1 - {name}" if parameter.kind == "near_one" else name)
    panel.set_ylabel(result.metric)
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)


def _log_axis(panel, values):
    """A logarithmic axis whose numbers do not run into each other."""
    panel.set_xscale("log")
    if values and max(values) < 30 * min(values):
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())
