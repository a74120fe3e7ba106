"""Who is this? A picture against everybody in a gallery, who may not be there at all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dlzoo._checks import check_positive_int
from dlzoo.faces.embedding import Embedded, embedder_of
from dlzoo.faces.gallery import Gallery
from dlzoo.faces.people import Match, printable
from dlzoo.faces.verification import Calibration, limit_of


@dataclass(frozen=True)
class Identification:
    """Who a face was taken for.

    Attributes:
        name: Of the nearest person, or None: not recognised.
        threshold: The distance up to which somebody is recognised.
        candidates: The nearest people, near enough or not.
        face: The face that was looked up.
    """

    name: str | None
    threshold: float
    candidates: tuple[Match, ...]
    face: Embedded = field(repr=False, compare=False)

    @property
    def distance(self) -> float | None:
        """Of the nearest person, 0 to 4; None in an empty gallery."""
        return self.candidates[0].distance if self.candidates else None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        place = self.face.face
        return {
            "source": self.face.source,
            "name": self.name,
            "threshold": self.threshold,
            "candidates": [match.to_dict() for match in self.candidates],
            "face": None if place is None else place.to_dict(),
        }

    def __str__(self) -> str:
        near = "the gallery is empty"
        if self.distance is not None:
            near = f"distance {self.distance:.3f}, threshold {self.threshold:.3f}"
        return f"{'not recognised' if self.name is None else printable(self.name)} ({near})"


def identify(
    image: Any,
    gallery: Gallery,
    model: Any,
    *,
    threshold: float | Calibration | None = None,
    most: int = 3,
    exact: bool | None = None,
    **options: Any,
) -> tuple[Identification, ...]:
    """Look up every face of a picture in a gallery (1:K, open set).

    Args:
        image: A path or a `uint8` array.
        gallery: Who is known.
        model: The `Embedder` that the gallery was made with, or what one is made of;
            **options: its other arguments.
        threshold: Up to which distance somebody is recognised, as in `verify`. The more
            people, the more often a stranger is near one of them: `calibrate(..., people=K)`.
        most: So many candidates at most.
        exact: As in `Gallery.search`.

    Returns:
        One answer a face, the surest face first.

    Raises:
        DataError: The picture cannot be read or has no face, or another network made the
            gallery.
    """
    check_positive_int("identify", "most", most)
    embedder = embedder_of(model, options)
    limit = limit_of("identify", threshold, embedder.made_by)
    gallery.check(embedder.made_by)
    answers = []
    for face in embedder.all_faces_of(image):
        matches = gallery.search(face.vector, most, exact=exact)
        near = matches and matches[0].distance <= limit
        answers.append(Identification(matches[0].name if near else None, limit, matches, face))
    return tuple(answers)


def enrol(
    name: str,
    images: Any,
    gallery: Gallery,
    model: Any,
    *,
    face: str = "only",
    replace: bool = False,
    **options: Any,
) -> Sequence[Embedded]:
    """Enrol a person from pictures; all of them or none.

    Args:
        name, replace: As in `Gallery.enrol`.
        images, face: As in `Embedder.faces_of`.
        gallery, model, **options: As in `identify`.

    Returns:
        The faces that were enrolled.

    Raises:
        DataError: A picture cannot be read, no face is found in it, or several.
    """
    embedder = embedder_of(model, options)
    gallery.check(embedder.made_by)
    found = embedder.faces_of(images, face=face)
    vectors, sources = [each.vector for each in found], [each.source for each in found]
    gallery.enrol(name, vectors, sources, replace=replace)
    return found
