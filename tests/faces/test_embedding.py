"""Embeddings of pictures, and what is said of those that cannot have one."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from dlzoo.errors import DataError
from dlzoo.faces import Embedder, calibrate, distances, embed, embedding, verify
from tests.faces.small import SIDE, colour_network, faces_at, picture

DATA = os.environ.get("DLZOO_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA is not set")


@pytest.fixture
def finds(monkeypatch):
    """Let the detector find these faces in every picture."""

    def answer(*boxes):
        monkeypatch.setattr(embedding, "find_faces", lambda *a, **k: faces_at(*boxes))

    return answer


@pytest.mark.backend
def test_vectors_are_of_unit_length_and_say_what_is_there():
    found = embed([picture("red"), picture("red", seed=1), picture("blue")], colour_network())
    assert (found.shape, found.dtype) == ((3, 3), np.float32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    apart = distances(found[[0, 0]], found[[1, 2]])
    assert apart[0] < 0.01 < 0.5 < apart[1]


def test_a_face_is_cut_out_before_it_is_embedded(finds):
    photograph = np.zeros((80, 100, 3), "uint8")
    photograph[20:60, 30:70] = picture("green", 40)
    finds((30, 20, 70, 60))
    plain = embed(picture("green", seed=3), colour_network())
    for alignment in ("box", "landmarks"):
        embedder = Embedder(colour_network(), alignment=alignment)
        (one,) = embedder.faces_of(photograph)
        assert one.crop.shape == (SIDE, SIDE, 3)
        assert one.face.area == 1600
        assert distances(one.vector[None], plain)[0] < 0.05


def test_two_faces(finds):
    photograph = np.zeros((60, 100, 3), "uint8")
    photograph[10:30, 10:30] = picture("red", 20)
    photograph[10:50, 50:90] = picture("blue", 40)
    finds((10, 10, 30, 30), (50, 10, 90, 50))
    embedder = Embedder(colour_network(), alignment="box")
    with pytest.raises(
        DataError, match=r"^image 1: there must be one face, .* got 2 \(face of"
    ):
        embedder(photograph)
    (largest,) = embedder.faces_of(photograph, face="largest")
    assert largest.face.box.tolist() == [50, 10, 90, 50]
    both = embedder.all_faces_of(photograph)
    assert [each.vector.argmax() for each in both] == [0, 2]


def test_no_face(finds):
    finds()
    embedder = Embedder(colour_network(), alignment="box")
    for ask in (embedder, embedder.all_faces_of):
        with pytest.raises(DataError, match=r"^image 1: no face was found\. It must show one"):
            ask(picture("red"))


def test_files_that_are_no_pictures(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (tmp_path / "b.png").write_text("<html>")
    for name, message in (
        ("a.jpg", "the image is damaged or truncated"),
        ("b.png", "the file is an HTML page"),
        ("c.jpg", "there is no such file"),
    ):
        with pytest.raises(DataError, match=f"{name}: {message}"):
            embed(tmp_path / name, colour_network())


def test_the_fingerprint_is_that_of_what_is_computed(tmp_path):
    def network(units=4):
        image = keras.Input((SIDE, SIDE, 3))
        x = keras.layers.Rescaling(1 / 255)(image)
        return keras.Model(image, keras.layers.Dense(units)(keras.layers.Flatten()(x)))

    model = network()
    own = Embedder(model)
    model.save(tmp_path / "model.keras")
    twin = network()
    twin.set_weights(model.get_weights())
    assert own.fingerprint == Embedder(tmp_path).fingerprint == Embedder(twin).fingerprint
    others = [
        Embedder(network()),
        Embedder(model, alignment="box"),
        Embedder(network(5)),
    ]
    assert len({own.fingerprint, *(other.fingerprint for other in others)}) == 4
    before = own.fingerprint
    weights = model.get_weights()
    weights[1][0] += 1e-3
    model.set_weights(weights)
    assert Embedder(model).fingerprint != before


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Embedder("mobilefacenet"), "weights must be given for 'mobilefacenet'"),
        (lambda: Embedder("mobilefacnet"), "no network is called 'mobilefacnet'"),
        (lambda: Embedder(colour_network(), "x.h5"), "weights are for a network by its name"),
        (lambda: Embedder(colour_network(), alignment="eyes"), "alignment must be one of"),
        (lambda: Embedder(colour_network(None)), "must take one image of a fixed size"),
        (lambda: Embedder("no/such/model"), "there is no such model"),
        (
            lambda: Embedder(
                keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255)])
            ),
            r"must answer one vector, \(batch, dimensions\)",
        ),
    ],
)
def test_what_cannot_embed(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_vector_of_zeros_has_no_direction():
    with pytest.raises(ValueError, match="must be finite and not zero"):
        embed(np.zeros((SIDE, SIDE, 3), "uint8"), colour_network())


def test_verify():
    same = verify(picture("red"), picture("red", seed=5), colour_network(), threshold=0.1)
    assert same.same
    assert 0 < same.distance < 0.01
    assert str(same).startswith("the same person: distance 0.00")
    other = verify(picture("red"), picture("blue"), Embedder(colour_network()), threshold=0.1)
    assert not other.same
    assert other.to_dict() == {
        "same": False,
        "distance": other.distance,
        "threshold": 0.1,
        "first": "image 1",
        "second": "image 1",
    }


def test_a_threshold_belongs_to_a_network():
    pair = picture("red"), picture("blue")
    with pytest.raises(
        ValueError, match=r"threshold must be given, .* none is known for colour"
    ):
        verify(*pair, colour_network())
    with pytest.raises(ValueError, match="threshold must be between 0 and 4; got 5"):
        verify(*pair, colour_network(), threshold=5)


def test_calibrating():
    apart = np.concatenate([np.linspace(0, 0.5, 50), np.linspace(0.4, 2, 1000)])
    same = np.arange(1050) < 50
    found = calibrate(apart, same, far=0.01)
    assert (apart[~same] <= found.threshold).mean() == pytest.approx(0.01)
    assert found.tar == (apart[same] <= found.threshold).mean()
    many = calibrate(apart, same, far=0.02, people=10)
    assert (apart[~same] <= many.threshold).mean() <= 0.002
    assert "among 10 people" in str(many)
    pair = picture("red"), picture("red", seed=1)
    assert verify(*pair, colour_network(), threshold=found).threshold == found.threshold
    with pytest.raises(ValueError, match="at least 10000 pairs"):
        calibrate(apart, same, far=0.001, people=10)


@pytest.fixture(scope="module")
def real():
    weights = Path(DATA) / "weights"
    return Embedder(
        "mobilefacenet",
        weights / "mobilefacenet_casia_torch.safetensors",
        detector=weights / "mtcnn_torch.safetensors",
    )


@needs_data
@pytest.mark.slow
def test_real_weights_tell_unseen_people_apart(real):
    """ORL: 20 people, 3 pictures each, found and aligned by MTCNN."""
    from dlzoo.metrics import auc

    people = sorted((Path(DATA) / "orl_faces").glob("s*[13579]"))
    paths = [path / f"{n}.png" for path in people for n in (1, 5, 9)]
    vectors = real(paths, face="largest")
    who = np.repeat(np.arange(len(people)), 3)
    first, second = np.triu_indices(len(who), 1)
    score = auc(distances(vectors[first], vectors[second]), who[first] == who[second])
    assert score >= 0.99


@needs_data
@pytest.mark.slow
def test_real_photographs(real):
    photographs = Path(DATA) / "photographs_with_faces"
    with pytest.raises(DataError, match=r"data_multiface\.jpg: there must be one face"):
        real(photographs / "data_multiface.jpg")
    people = real.all_faces_of(photographs / "data_multiface.jpg")
    assert len(people) > 2
    one = photographs / "kate_siegel_1.jpg"
    other = verify(one, photographs / "paul_rudd_1.jpg", real, face="largest")
    assert not other.same
    (again,) = real.faces_of(one, face="largest")
    whole = Embedder(real.model, alignment="none")
    mirrored = again.crop[:, ::-1].copy()
    assert verify(again.crop, mirrored, whole, threshold=other.threshold).same
