"""From pictures of faces to vectors: find the face, bring it into place, run the network."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.data import read_image
from dlzoo.data.sources import image_sources
from dlzoo.errors import DataError
from dlzoo.faces.alignment import align, crop
from dlzoo.faces.embedding_models import input_size, opened
from dlzoo.faces.face import Face
from dlzoo.faces.finding import find_faces
from dlzoo.faces.fingerprint import fingerprint
from dlzoo.faces.gallery_table import MadeBy
from dlzoo.layers.inside import sublayers
from dlzoo.layers.raw_pixels import taking_raw_pixels
from dlzoo.models import MTCNN
from dlzoo.models.network import BuiltAs
from dlzoo.training.inference import forward

ALIGNMENTS = ("landmarks", "box", "none")
FACES = ("only", "largest")
# How the published weights of a network saw faces in training; other networks took the
# pictures of their own data set whole.
_USUAL = {"mobilefacenet": "landmarks", "openface_nn4_small2": "landmarks", "facenet": "box"}


@dataclass(frozen=True, eq=False)
class Embedded:
    """A face and its embedding.

    Attributes:
        source: Path of the picture, or `"image 2"`.
        face: Where it was found; None where the picture was taken whole.
        crop: What the network saw: `uint8 (height, width, 3)`.
        vector: float32 `(dimensions,)`, of unit length.
    """

    source: str
    face: Face | None
    crop: np.ndarray = field(repr=False)
    vector: np.ndarray = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON; without the picture."""
        face = None if self.face is None else self.face.to_dict()
        return {"source": self.source, "face": face, "vector": self.vector.tolist()}

    def __str__(self) -> str:
        start = ", ".join(f"{value:.3f}" for value in self.vector[:4])
        return f"{self.source}: {len(self.vector)} numbers ({start} ...)"


class Embedder:
    """Answers pictures of faces with vectors whose distances tell people apart.

    Args:
        model: Name of a network of the zoo, a `.keras` file, a run's folder, or a
            `keras.Model` with one output `(batch, dimensions)`.
        weights: Of a network by its name: a path or a name on its card; None: the first on
            it.
        preprocessing: What a model without `ImagePreprocessing` expects, as in
            `dlzoo.fine_tune`.
        alignment: `"landmarks"`: find faces and turn them upright (`align`); `"box"`: find
            and cut them out (`crop`); `"none"`: pictures show one face, in place, and are
            taken whole. `"auto"`: as the published weights of the network were trained;
            `"none"` for one that has none.
        detector: As in `find_faces`.
        min_size: Side of the smallest faces that are looked for, in pixels.
        batch_size: Faces at once.

    Raises:
        ValueError: The model is none that embeds one image.

    Example:
        >>> image = keras.Input((8, 8, 3))
        >>> vector = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
        >>> embedder = Embedder(keras.Model(image, vector))
        >>> embedder(np.full((8, 8, 3), 7, "uint8")).shape, embedder.alignment
        ((1, 192), 'none')
    """

    def __init__(
        self,
        model: str | os.PathLike | keras.Model,
        weights: str | os.PathLike | None = None,
        *,
        preprocessing: Any = None,
        alignment: str = "auto",
        detector: MTCNN | str | os.PathLike = "wider_face",
        min_size: float = 40,
        batch_size: int = 32,
    ):
        check_choice("Embedder", "alignment", alignment, ("auto", *ALIGNMENTS))
        check_positive_int("Embedder", "batch_size", batch_size)
        self.model = taking_raw_pixels(opened(model, weights), preprocessing)
        self.size = input_size(self.model)
        built = [layer for layer in sublayers(self.model) if isinstance(layer, BuiltAs)]
        self.network: str = built[0].network if built else self.model.name
        usual = _USUAL.get(self.network, "none")
        self.alignment = usual if alignment == "auto" else alignment
        self.detector = detector
        self.min_size = min_size
        self.batch_size = batch_size

    @cached_property
    def made_by(self) -> MadeBy:
        """What a gallery records; two that are equal give comparable embeddings."""
        digest = fingerprint(self.model, alignment=self.alignment, size=self.size)
        return MadeBy(self.network, digest, int(self.model.output_shape[-1]))

    @property
    def fingerprint(self) -> str:
        """sha256 of architecture, weights, preprocessing and alignment."""
        return self.made_by.fingerprint

    def __call__(self, images: Any, *, face: str = "only") -> np.ndarray:
        """Embeddings `(images, dimensions)` of unit length, float32; see `faces_of`."""
        found = self.faces_of(images, face=face)
        return np.stack([each.vector for each in found])

    def faces_of(self, images: Any, *, face: str = "only") -> tuple[Embedded, ...]:
        """One face of each picture.

        Args:
            images: A path, a folder (with all below it), a pattern, a `uint8` array, or a
                list of such things.
            face: `"only"`: it is an error if there are several; `"largest"`: that is it.

        Raises:
            DataError: A picture cannot be read, no face is found in it, or several.
        """
        check_choice("Embedder", "face", face, FACES)
        names, sources = image_sources("Embedder", images)
        places = [
            [_chosen(name, self._faces(source), face)]
            for name, source in zip(names, sources, strict=True)
        ]
        return self._embedded(names, sources, places)

    def all_faces_of(self, image: Any) -> tuple[Embedded, ...]:
        """Every face in one picture, the surest first.

        Raises:
            DataError: It cannot be read, or no face is found.
        """
        names, sources = image_sources("Embedder", image)
        if len(sources) != 1:
            raise ValueError(f"Embedder: there must be one picture; got {len(sources)}.")
        found = self._faces(sources[0])
        if not found:
            raise DataError(f"{names[0]}: {_NONE}")
        return self._embedded(names, sources, [found])

    def _faces(self, source):
        """The faces in a picture; None stands for all of it."""
        if self.alignment == "none":
            return (None,)
        return find_faces(source, detector=self.detector, min_size=self.min_size)

    def _embedded(self, names, sources, places):
        """All `places` in each picture, as the network answers them."""
        rows = [
            (name, face, self._cut(source, face))
            for name, source, faces in zip(names, sources, places, strict=True)
            for face in faces
        ]
        crops = np.stack([pixels for _, _, pixels in rows])
        vectors = forward(self.model, crops.astype(np.float32), self.batch_size)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise ValueError(
                f"Embedder: embeddings must be finite and not zero, because only their "
                f"direction counts; {self.network} answered one of length {lengths.min()}."
            )
        pairs = zip(rows, vectors / lengths, strict=True)
        return tuple(Embedded(*row, vector) for row, vector in pairs)

    def _cut(self, source, face):
        if face is None:
            return read_image(source, self.size)
        if self.alignment == "box":
            return crop(source, face.box, self.size)
        return align(source, face.landmarks, self.size)


def embed(
    images: Any,
    model: str | os.PathLike | keras.Model | Embedder,
    *,
    face: str = "only",
    **options: Any,
) -> np.ndarray:
    """Embeddings of faces, `(images, dimensions)` of unit length, float32.

    Args:
        images, face: As in `Embedder.faces_of`.
        model: An `Embedder`, or what one is made of; **options: its other arguments.

    Raises:
        DataError: As `Embedder.faces_of`.
    """
    return embedder_of(model, options)(images, face=face)


def embedder_of(model: Any, options: dict[str, Any]) -> Embedder:
    """`model` as an `Embedder`."""
    if not isinstance(model, Embedder):
        return Embedder(model, **options)
    if options:
        raise ValueError(
            f"Embedder: {', '.join(options)} must be given when the Embedder is made; leave "
            f"out here."
        )
    return model


_NONE = (
    "no face was found. It must show one from the front, at least 40 pixels large "
    "(`min_size`); if it is nothing but a face, pass alignment='none'."
)


def _chosen(name: str, faces: Sequence[Any], face: str) -> Any:
    if not faces:
        raise DataError(f"{name}: {_NONE}")
    if len(faces) == 1:
        return faces[0]
    if face == "only":
        places = "; ".join(map(str, faces[:5]))
        raise DataError(
            f"{name}: there must be one face, because it is not known which is meant; got "
            f"{len(faces)} ({places}). Cut it out, or pass face='largest'."
        )
    return max(faces, key=lambda each: each.area)
