"""Pictures of verification: curves, distances, a map of embeddings, who was taken for whom."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dlzoo._checks import check_choice
from dlzoo.data import read_image
from dlzoo.faces.drawing import draw_faces
from dlzoo.faces.identification import Identification
from dlzoo.faces.people import printable
from dlzoo.faces.verification import Verification
from dlzoo.metrics import auc, eer, roc
from dlzoo.visualize import class_colours, new_figure
from dlzoo.visualize.figures import BLUE, GREEN, GREY, ORANGE

_NAMED = 14  # people whose names are in the legend of a map


def roc_curves(pairs: Mapping[str, tuple[Any, Any]], *, title: str = "") -> Figure:
    """Draw TAR over FAR, a line a network.

    Args:
        pairs: Name to `(distances, same)`, as in `dlzoo.metrics.roc`.
        title: Above.
    """
    figure = new_figure(6.4, 4.8)
    panel = figure.subplots()
    lowest = 1.0
    for (name, (distances, same)), colour in zip(
        pairs.items(), class_colours(len(pairs)), strict=True
    ):
        curve = roc(distances, same)
        lowest = min(lowest, 1 / curve.different)
        # A logarithm has no 0: what is accepted before the first error starts the line.
        far = np.maximum(curve.far, 0.5 / curve.different)
        words = f"{name}: AUC {auc(distances, same):.4f}, EER {eer(distances, same):.1%}"
        red, green, blue = (part / 255 for part in colour)
        panel.plot(
            far, curve.tar, drawstyle="steps-post", color=(red, green, blue), label=words
        )
    panel.set_xscale("log")
    panel.set(xlim=(lowest, 1), ylim=(0, 1.01))
    panel.set(xlabel="false accept rate", ylabel="true accept rate")
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.legend(loc="lower right", frameon=False)
    return _finished(figure, panel, title)


def pair_distances(
    distances: Any, same: Any, threshold: float | None = None, *, title: str = ""
) -> Figure:
    """Draw how often pairs of each kind have which distance, and the threshold."""
    distances, same = np.asarray(distances), np.asarray(same, bool)
    figure = new_figure(6.4, 4.2)
    panel = figure.subplots()
    bins = np.linspace(0, max(2.0, float(distances.max())), 61).tolist()
    for kind, colour, words in ((same, BLUE, "same person"), (~same, ORANGE, "different")):
        part = np.full(kind.sum(), 1 / kind.sum())
        label = f"{words}: {kind.sum():,} pairs"
        panel.hist(distances[kind], bins, weights=part, color=colour, alpha=0.6, label=label)
    if threshold is not None:
        panel.axvline(threshold, color="black", linewidth=1, linestyle="--")
        words = f" threshold {threshold:.3f}"
        panel.annotate(
            words, (threshold, 0.97), xycoords=("data", "axes fraction"), va="top", fontsize=9
        )
    panel.set(xlabel="squared distance of embeddings", ylabel="part of the pairs")
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return _finished(figure, panel, title)


def embedding_map(
    vectors: Any, people: Sequence[str], *, method: str = "pca", title: str = "", seed: int = 0
) -> Figure:
    """Draw embeddings as points in the plane, a colour a person.

    Args:
        vectors: `(images, dimensions)`.
        people: Who is on each.
        method: `"pca"`: the two directions that vary most; `"tsne"`: neighbours stay
            neighbours, but distances between groups say nothing (van der Maaten and Hinton
            2008).
        title: Above.
        seed: Of t-SNE.
    """
    check_choice("embedding_map", "method", method, ("pca", "tsne"))
    vectors, people = np.asarray(vectors, np.float32), list(people)
    if len(vectors) != len(people) or len(people) < 3:
        raise ValueError(
            f"embedding_map: there must be a name for each of at least three vectors; got "
            f"{len(people)} names and {len(vectors)} vectors."
        )
    points = _plane(vectors, method, seed)
    names = sorted(set(people))
    colours = np.array(class_colours(len(names))) / 255
    figure = new_figure(6.4, 5.4)
    panel = figure.subplots()
    for name, colour in zip(names, colours, strict=True):
        mine = points[[person == name for person in people]]
        label = printable(name)[:24] if len(names) <= _NAMED else None
        panel.scatter(
            mine[:, 0], mine[:, 1], s=22, color=colour, alpha=0.8, linewidths=0, label=label
        )
        x, y = np.median(mine, axis=0).tolist()
        if len(names) > _NAMED:
            panel.text(x, y, printable(name)[:12], fontsize=6, ha="center", va="center")
    if len(names) <= _NAMED:
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    panel.set_xticks([])
    panel.set_yticks([])
    how = {"pca": "principal components", "tsne": "t-SNE"}[method]
    return _finished(figure, panel, title or f"{len(people)} faces of {len(names)}: {how}")


def show_verification(answer: Verification) -> Figure:
    """Draw the two faces as the network saw them, and how far apart they are."""
    figure = new_figure(5.2, 4.2)
    panels = figure.subplot_mosaic("ab;ss", height_ratios=(6, 1))
    for panel, face in ((panels["a"], answer.first), (panels["b"], answer.second)):
        panel.imshow(face.crop)
        panel.set_axis_off()
        panel.set_title(printable(Path(face.source).name)[-32:], fontsize=8)
    scale = panels["s"]
    colour = GREEN if answer.same else ORANGE
    scale.barh([0], [answer.distance], color=colour, height=0.5)
    scale.axvline(answer.threshold, color="black", linewidth=1, linestyle="--")
    scale.set(xlim=(0, max(2.0, answer.distance * 1.05)), ylim=(-0.5, 0.5), yticks=[])
    scale.set_xlabel("distance; dashed: the threshold", fontsize=8)
    scale.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle(str(answer), fontsize=11, color=colour)
    return figure


def show_identifications(image: Any, answers: Sequence[Identification]) -> np.ndarray:
    """Draw who was found where: the picture with boxes, names and distances.

    Args:
        image: What was looked up: a path or a `uint8` array.
        answers: What `identify` returned for it.

    Returns:
        Another image, `uint8 (height, width, 3)`; without boxes where faces were taken whole.
    """
    pixels = read_image(image)
    places, captions = [], []
    for each in answers:
        if each.face.face is not None:
            name = "not recognised" if each.name is None else printable(each.name)
            distance = "" if each.distance is None else f" {each.distance:.2f}"
            places.append(each.face.face)
            captions.append(name + distance)
    return draw_faces(pixels, places, captions)


def show_matches(answers: Sequence[Identification]) -> Figure:
    """Draw each face that was looked up and, beside it, who is nearest, with distances.

    Enrolled pictures that are not where they came from any more leave an empty place.
    """
    most = max((len(each.candidates) for each in answers), default=0)
    figure = new_figure(1.9 * (most + 1), 2.5 * max(1, len(answers)))
    panels = figure.subplots(max(1, len(answers)), most + 1, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for row, each in zip(panels, answers, strict=False):
        row[0].imshow(each.face.crop)
        row[0].set_title(printable(each.name or "not recognised")[:24], fontsize=9)
        for panel, match in zip(row[1:], each.candidates, strict=False):
            near = match.distance <= each.threshold
            panel.set_title(
                f"{printable(match.name)[:24]}\n{match.distance:.3f}",
                fontsize=8,
                color=GREEN if near else GREY,
            )
            try:
                panel.imshow(read_image(match.source))
            except ValueError:  # moved, deleted, or never a file
                panel.text(0.5, 0.5, "no picture", ha="center", color=GREY, fontsize=8)
    return figure


def _plane(vectors, method, seed):
    """`(n, 2)`."""
    from sklearn.decomposition import PCA  # takes a second, which only this needs

    if method == "pca":
        return PCA(2).fit_transform(vectors)
    from sklearn.manifold import TSNE

    near = min(30.0, (len(vectors) - 1) / 3)
    return TSNE(2, perplexity=near, init="pca", random_state=seed).fit_transform(vectors)


def _finished(figure, panel, title):
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_title(title, loc="left", fontsize=11)
    return figure
