"""The pictures of a training: distances of pairs, and those that are mistaken."""

from pathlib import Path

import numpy as np

from dlzoo.data import read_image
from dlzoo.faces.train_scores import pairs_of
from dlzoo.faces.train_report import FaceReport
from dlzoo.visualize import gallery, new_figure, save_figure
from dlzoo.visualize.figures import BLUE, ORANGE

_BARS = 60


def draw(report: FaceReport, distances: np.ndarray, labels: np.ndarray, folder: Path) -> None:
    """Write them into `folder`.

    Args:
        report: Of the run.
        distances: `(n, n)`, of the images of the split that the report is about.
        labels: `(n,)`, who is on them.
        folder: Of the run.
    """
    save_figure(_histogram(report, *pairs_of(distances, labels)), folder / "distances.png")
    images, captions = [], []
    for pair in (pair for pair in report.worst if pair.split == report.headline):
        sides = [read_image(path, report.settings["image_size"]) for path in _both(pair)]
        images.append(np.concatenate(sides, axis=1))
        what = "the same, far" if pair.same else "different, near"
        captions.append(f"{what}: {pair.distance:.2f}")
    title = f"The most mistaken pairs of {report.headline}"
    save_figure(gallery(images, captions, title=title), folder / "pairs.png")


def _both(pair):
    return tuple(map(Path, (pair.first, pair.second)))


def _histogram(report, distances, same):
    figure = new_figure(6.4, 3.6)
    panel = figure.subplots()
    bins = np.histogram_bin_edges(distances, _BARS)
    for part, colour, what in ((same, BLUE, "same"), (~same, ORANGE, "different")):
        panel.hist(distances[part], bins, density=True, color=colour, alpha=0.6, label=what)
    panel.set_xlabel("distance of two images")
    panel.set_yticks([])
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.legend(frameon=False)
    panel.set_title(f"{report.headline}: AUC {report.auc:.4f}", loc="left", fontsize=11)
    return figure
