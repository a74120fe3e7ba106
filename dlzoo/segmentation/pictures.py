"""Masks as colours, and the pictures of a segmentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from dlzoo.layers.pixel_labels import distinct_colours
from dlzoo.segmentation.report import MaskReport
from dlzoo.visualize import confusion_matrix, new_figure, save_figure
from dlzoo.visualize.figures import BLUE, ORANGE

VOID_COLOUR = (224, 224, 224)
WRONG_COLOUR = (213, 94, 0)
_ROWS = 5  # examples in one picture
_LEGEND = 24  # classes that are named under pictures
_BARS = 40


def coloured(mask: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Class numbers `(height, width)` as `uint8 (height, width, 3)`, void light grey.

    Example:
        >>> coloured(np.array([[0, 255]]), [(1, 2, 3)]).tolist()
        [[[1, 2, 3], [224, 224, 224]]]
    """
    table = np.full((256, 3), VOID_COLOUR, np.uint8)
    table[: len(palette)] = palette
    return table[mask]


def overlaid(
    image: np.ndarray, mask: np.ndarray, palette: Sequence[Sequence[int]], opacity: float = 0.5
) -> np.ndarray:
    """The mask's colours over an image `uint8 (height, width, 1 or 3)`."""
    mixed = (1 - opacity) * image + opacity * coloured(mask, palette)
    return np.rint(mixed).astype(np.uint8)


def draw(report: MaskReport, answers: Any, palette: Any, folder: Path) -> None:
    """Write all pictures of a report into `folder`."""
    palette = palette or distinct_colours(len(report.classes))
    split, score = report.headline, report.splits[report.headline]
    title = f"{split}: {score.pixel_accuracy:.1%} of the pixels are right"
    share = np.array(score.confusion)
    figure = confusion_matrix(_per_mille(share), report.classes, title=f"{title} (per mille)")
    save_figure(figure, folder / "confusion_matrix.png")
    title = f"{split}: mean IoU {score.mean_iou:.1%}"
    save_figure(class_bars(score.classes, title=title), folder / "classes.png")
    for name, examples, words in (
        ("predictions", answers.first, f"The first images of {split}"),
        ("worst", answers.worst, f"The images of {split} with the lowest IoU"),
    ):
        figure = comparison(examples[:_ROWS], report.classes, palette, title=words)
        save_figure(figure, folder / f"{name}.png")


def comparison(
    examples: Sequence[tuple],
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    *,
    title: str = "",
) -> Figure:
    """Image, truth, answer and what is wrong side by side, a row an example.

    Args:
        examples: (mean IoU, number, image, true mask, answered mask).
        classes: Names, for the legend.
        palette: Their colours.
        title: Above.
    """
    figure = new_figure(11, 2.3 * max(len(examples), 1) + 1.1)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    panels = figure.subplots(max(len(examples), 1), 4, squeeze=False)
    titles = ("image", "truth", "answer", "wrong pixels")
    for panel, name in zip(panels[0], titles, strict=True):
        panel.set_title(name, fontsize=10)
    for row, (iou, _, image, true, answered) in zip(panels, examples, strict=False):
        wrong = (true != answered) & (true < len(classes))
        shown = (
            image,
            coloured(true, palette),
            coloured(answered, palette),
            np.where(wrong[..., None], np.array(WRONG_COLOUR, np.uint8), _faint(image)),
        )
        for panel, picture in zip(row, shown, strict=True):
            panel.imshow(np.broadcast_to(picture, (*picture.shape[:2], 3)))
        row[0].set_ylabel(f"IoU {iou:.0%}", fontsize=9)
    for panel in panels.flat:
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set_visible(False)
    pairs = list(zip(classes, palette, strict=True))[:_LEGEND]
    patches = [
        Patch(color=f"#{red:02x}{green:02x}{blue:02x}", label=name)
        for name, (red, green, blue) in pairs
    ]
    figure.legend(
        handles=patches, loc="outside lower center", ncols=8, frameon=False, fontsize=8
    )
    return figure


def class_bars(scores: Sequence[Any], *, title: str = "") -> Figure:
    """IoU and Dice of each class, the worst on top."""
    known = sorted((s for s in scores if s.iou is not None), key=lambda score: score.iou)
    shown = known[:_BARS]
    figure = new_figure(7.5, 1.4 + 0.42 * max(len(shown), 1))
    panel = figure.subplots()
    places = np.arange(len(shown))
    panel.barh(places, [score.iou for score in shown], 0.36, color=BLUE, label="IoU")
    dice = [score.dice for score in shown]
    panel.barh(places + 0.36, dice, 0.36, color=ORANGE, label="Dice")
    panel.set_yticks(places + 0.18, [score.name[:24] for score in shown])
    panel.invert_yaxis()
    panel.set_xlim(0, 1.02)
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    panel.grid(axis="x", alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_title(title, loc="left", fontsize=11)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _faint(image):
    return (192 + 0.25 * image.mean(axis=-1, keepdims=True)).astype(np.uint8)


def _per_mille(confusion):
    """Rows as parts of a thousand: millions of pixels do not fit into cells."""
    rows = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return np.rint(1000 * confusion / rows).astype(int)
