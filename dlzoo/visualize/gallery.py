"""A page of images with captions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlzoo.visualize.figures import GREY, new_figure

_COLUMNS = 5
_WIDTH = 2.2  # inches of a column
_TALLEST = 2.0  # height of a row, in widths


def gallery(
    images: Sequence[np.ndarray], captions: Sequence[str], *, title: str = ""
) -> Figure:
    """Show images (`uint8`, RGB, any sizes) in rows of five, a caption under each."""
    rows = max(1, -(-len(images) // _COLUMNS))
    # as high as the highest image of its width, and its caption
    tall = max((image.shape[0] / image.shape[1] for image in images), default=1.0)
    row = _WIDTH * min(tall, _TALLEST) + 0.55
    figure = new_figure(_WIDTH * _COLUMNS, row * rows + 0.5 if images else 1.2)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    if not images:
        figure.text(0.02, 0.25, "Nothing to show.", color=GREY)
        return figure
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).flat
    for place, panel in enumerate(panels):
        panel.set_axis_off()
        if place < len(images):
            # small images: visible pixels are more honest than blur
            panel.imshow(images[place], interpolation="nearest")
            panel.text(
                0.5,
                -0.03,
                _short(captions[place]),
                transform=panel.transAxes,
                ha="center",
                va="top",
                fontsize=9,
            )
    return figure


def _short(caption, most=32):
    lines = caption.split("\n")
    return "\n".join(line if len(line) <= most else f"{line[: most - 2]}.." for line in lines)
