"""How well a network tells people apart: all pairs of a folder of people, or LFW's list."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import check_choice, check_positive_int
from dlzoo._files import write_json
from dlzoo._progress import track
from dlzoo.data.folders import natural_order
from dlzoo.data.images import SUFFIXES
from dlzoo.errors import DataError
from dlzoo.faces.embedding import embedder_of
from dlzoo.metrics import (
    LfwScores,
    VerificationScores,
    lfw_image,
    lfw_scores,
    read_pairs,
    verification_scores,
)

_MAPPED = 2000  # pictures


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of a network on pairs of pictures.

    Attributes:
        scores: AUC, equal error rate, TAR and threshold at each FAR.
        lfw: Accuracy by LFW's protocol, where the pairs come in folds.
        made_by: The network.
        left_out: Pictures in which no face was found, with the reason.
        people: Who is on each picture, `(images,)`.
        vectors: Embeddings, `(images, dimensions)`.
        distances, same: Of each pair, `(pairs,)`.
    """

    scores: VerificationScores
    lfw: LfwScores | None
    made_by: str
    left_out: tuple[str, ...]
    people: tuple[str, ...] = field(repr=False)
    vectors: np.ndarray = field(repr=False)
    distances: np.ndarray = field(repr=False)
    same: np.ndarray = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without vectors and pairs."""
        return {
            "made_by": self.made_by,
            "images": len(self.people),
            "people": len(set(self.people)),
            "scores": self.scores.to_dict(),
            "lfw": None if self.lfw is None else self.lfw.to_dict(),
            "left_out": list(self.left_out),
        }

    def __str__(self) -> str:
        lines = [f"{len(set(self.people))} people, {len(self.people)} pictures; {self.made_by}"]
        lines += [str(self.scores)]
        lines += [] if self.lfw is None else [f"LFW's protocol: {self.lfw}"]
        lines += [f"left out: {each}" for each in self.left_out[:5]]
        rest = len(self.left_out) - 5
        return "\n".join(lines + ([f"left out: {rest} more"] if rest > 0 else []))

    def save(self, folder: str | os.PathLike) -> None:
        """Write `evaluation.json`, `roc.png`, `distances.png`, and maps of the embeddings."""
        from dlzoo.faces.pictures import embedding_map, pair_distances, roc_curves
        from dlzoo.visualize import save_figure

        folder = Path(folder)
        write_json(folder / "evaluation.json", self.to_dict())
        threshold = self.scores.tar_at_far[-1][2]
        pairs = self.distances, self.same
        save_figure(roc_curves({self.made_by.split(" (")[0]: pairs}), folder / "roc.png")
        save_figure(pair_distances(*pairs, threshold), folder / "distances.png")
        # t-SNE of more takes minutes, and shows a cloud.
        for method in ("pca", "tsne") if len(self.people) <= _MAPPED else ("pca",):
            figure = embedding_map(self.vectors, self.people, method=method)
            save_figure(figure, folder / f"embeddings_{method}.png")


def evaluate(
    data: str | os.PathLike,
    model: Any,
    *,
    pairs: str | os.PathLike | None = None,
    fars: tuple[float, ...] = (0.1, 0.01, 0.001),
    face: str = "largest",
    on_missing: str = "error",
    most: int = 1_000_000,
    seed: int = 0,
    **options: Any,
) -> Evaluation:
    """Embed pictures of people and score the distances of pairs.

    Args:
        data: A folder with a folder of pictures for each person.
        model: An `Embedder`, or what one is made of; **options: its other arguments.
        pairs: LFW's `pairs.txt` (see `dlzoo.metrics.read_pairs`), whose pictures are
            `data/Name/Name_0001.jpg`. None: all pairs.
        fars: Wanted false accept rates.
        face: As in `Embedder.faces_of`.
        on_missing: `"error"`, or `"skip"` pictures that have no face, are damaged or not there.
        most: So many pairs of different people at most, chosen by `seed`.

    Raises:
        DataError: A picture cannot be used, or there are too few.
    """
    check_choice("evaluate", "on_missing", on_missing, ("error", "skip"))
    check_positive_int("evaluate", "most", most)
    embedder = embedder_of(model, options)
    listed = None if pairs is None else read_pairs(pairs)
    if listed is None:
        images = _of_folder(Path(data))
    else:
        images = sorted({image for pair in listed for image in (pair.first, pair.second)})
    found, left_out = {}, []
    for image in track(images, "Embedding"):
        try:
            path = image[1] if listed is None else lfw_image(data, image)
            found[image] = embedder.faces_of([path], face=face)[0].vector
        except DataError as error:
            if on_missing == "error":
                raise
            left_out.append(str(error))
    if not found:
        raise DataError(f"{data}: there is no picture that can be used. {left_out[0]}")
    place = {image: number for number, image in enumerate(found)}
    vectors, people = np.stack(list(found.values())), [name for name, _ in found]
    if listed is None:
        first, second = _all_pairs(people, most, seed)
        folds = np.zeros(len(first))
    else:
        kept = [pair for pair in listed if pair.first in place and pair.second in place]
        first, second = ([place[getattr(p, w)] for p in kept] for w in ("first", "second"))
        folds = np.array([pair.fold for pair in kept])
    return _scored(embedder, vectors, people, (first, second, folds), fars, left_out)


def _scored(embedder, vectors, people, pairs, fars, left_out):
    first, second, folds = pairs
    names = np.array(people)
    same = names[first] == names[second]
    # Not all at once: a million pairs of 512 numbers are two gigabytes.
    parts = [slice(start, start + 50_000) for start in range(0, len(same), 50_000)]
    first, second = np.asarray(first, int), np.asarray(second, int)
    distances = np.concatenate(
        [((vectors[first[p]] - vectors[second[p]]) ** 2).sum(axis=1) for p in parts]
    )
    return Evaluation(
        scores=verification_scores(distances, same, fars),
        lfw=lfw_scores(distances, same, folds) if len(set(folds)) > 1 else None,
        made_by=str(embedder.made_by),
        left_out=tuple(left_out),
        people=tuple(people),
        vectors=vectors,
        distances=distances,
        same=same,
    )


def _of_folder(folder):
    """Name and path of every picture in a folder of people."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder of people.")
    people = natural_order(path.name for path in folder.iterdir() if path.is_dir())
    found = [
        (person, Path(path))
        for person in people
        for path in natural_order(map(str, (folder / person).rglob("*")))
        if Path(path).suffix.lower() in SUFFIXES
    ]
    if len({name for name, _ in found}) < 2:
        raise DataError(
            f"{folder}: there must be a folder of pictures for each of at least two people; "
            f"got {len(found)} pictures of {len({name for name, _ in found})}."
        )
    return found


def _all_pairs(people, most, seed):
    """All pairs of one person, and `most` of different people."""
    number = np.unique(people, return_inverse=True)[1]
    first, second = np.triu_indices(len(people), 1)
    same = number[first] == number[second]
    different = np.flatnonzero(~same)
    if len(different) > most:
        different = np.random.default_rng(seed).choice(different, most, replace=False)
    kept = np.sort(np.concatenate([np.flatnonzero(same), different]))
    return first[kept], second[kept]
