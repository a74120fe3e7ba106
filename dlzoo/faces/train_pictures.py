"""The pictures of a training: distances of pairs, and those that are mistaken."""

from pathlib import Path

import numpy as np

from dlzoo.data import read_image
from dlzoo.faces.pictures import pair_distances
from dlzoo.faces.train_report import FaceReport
from dlzoo.faces.train_scores import pairs_of
from dlzoo.visualize import gallery, save_figure


def draw(report: FaceReport, distances: np.ndarray, labels: np.ndarray, folder: Path) -> None:
    """Write them into `folder`.

    Args:
        report: Of the run.
        distances: `(n, n)`, of the images of the split that the report is about.
        labels: `(n,)`, who is on them.
        folder: Of the run.
    """
    title = f"{report.headline}: AUC {report.auc:.4f}"
    figure = pair_distances(*pairs_of(distances, labels), title=title)
    save_figure(figure, folder / "distances.png")
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
