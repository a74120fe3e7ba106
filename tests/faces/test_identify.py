"""From pictures to names: enrolling, identifying, evaluating, and the pictures of it."""

import numpy as np
import pytest
from PIL import Image

from dlzoo import faces
from dlzoo.errors import DataError
from dlzoo.faces import Embedder, Gallery, embedding, evaluation
from tests.faces.small import (
    COLOURS,
    colour_network,
    faces_at,
    folder_of_people,
    picture,
)

pytest.importorskip("lancedb")


@pytest.fixture(scope="module")
def embedder():
    return Embedder(colour_network())


@pytest.fixture
def gallery(tmp_path, embedder):
    made = Gallery(tmp_path / "gallery", embedder.made_by)
    data = folder_of_people(tmp_path / "data")
    for colour in ("red", "blue"):
        faces.enrol(colour, data / colour, made, embedder)
    return made


def test_who_is_enrolled_is_recognised_and_a_stranger_is_not(gallery, embedder):
    (answer,) = faces.identify(picture("blue", seed=9), gallery, embedder, threshold=0.1)
    assert answer.name == "blue"
    assert answer.candidates[0].source.endswith(("0.png", "1.png", "2.png"))
    assert [match.name for match in answer.candidates] == ["blue", "red"]
    assert str(answer) == f"blue (distance {answer.distance:.3f}, threshold 0.100)"
    (stranger,) = faces.identify(picture("green"), gallery, embedder, threshold=0.1)
    assert stranger.name is None
    assert stranger.distance > 0.1
    assert str(stranger).startswith("not recognised (distance ")
    assert stranger.to_dict()["name"] is None


def test_every_face_of_a_photograph(gallery, monkeypatch):
    photograph = np.zeros((60, 160, 3), "uint8")
    for column, colour in ((10, "blue"), (60, "green"), (110, "red")):
        photograph[10:50, column : column + 40] = picture(colour, 40)
    found = faces_at(*((x, 10, x + 40, 50) for x in (10, 60, 110)))
    monkeypatch.setattr(embedding, "find_faces", lambda *a, **k: found)
    cutting = Embedder(colour_network(), alignment="box")
    with pytest.raises(DataError, match="embeddings must come from colour"):  # not cut out
        faces.identify(photograph, gallery, cutting, threshold=0.1)
    people = Gallery(gallery.folder / "cut", cutting.made_by)
    for colour in ("red", "blue"):
        people.enrol(colour, Embedder(colour_network())(picture(colour)))
    answers = faces.identify(photograph, people, cutting, threshold=0.1)
    assert [answer.name for answer in answers] == ["blue", None, "red"]
    drawn = faces.show_identifications(photograph, answers)
    assert drawn.shape == photograph.shape
    assert (drawn != photograph).any()
    figure = faces.show_matches(answers)
    assert [axes.get_title() for axes in figure.axes[::3]] == ["blue", "not recognised", "red"]


def test_an_empty_gallery(tmp_path, embedder):
    empty = Gallery(tmp_path, embedder.made_by)
    (answer,) = faces.identify(picture("red"), empty, embedder, threshold=0.1)
    assert (answer.name, answer.distance) == (None, None)
    assert str(answer) == "not recognised (the gallery is empty)"


def test_one_bad_picture_enrols_none(gallery, embedder, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    good = tmp_path / "data" / "green" / "0.png"
    with pytest.raises(DataError, match=r"bad\.jpg: the image is damaged"):
        faces.enrol("green", [good, tmp_path / "bad.jpg"], gallery, embedder)
    assert "green" not in gallery


def test_all_pairs_of_a_folder(tmp_path, embedder, monkeypatch):
    data = folder_of_people(tmp_path / "data")
    found = faces.evaluate(data, embedder, fars=(0.1,))
    assert (found.scores.same, found.scores.different) == (9, 27)
    assert found.scores.auc == 1
    assert found.lfw is None
    assert list(found.people) == sorted(3 * list(COLOURS), key=list(found.people).index)
    few = faces.evaluate(data, embedder, fars=(0.1,), most=10)
    assert (few.scores.same, few.scores.different) == (9, 10)
    monkeypatch.setattr(evaluation, "_MAPPED", 8)  # no t-SNE, which takes seconds
    found.save(tmp_path / "out")
    names = {"evaluation.json", "roc.png", "distances.png", "embeddings_pca.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    for name in names - {"evaluation.json"}:
        assert np.std(Image.open(tmp_path / "out" / name).convert("L")) > 5


def test_pairs_of_lfw(tmp_path, embedder):
    for person, colour in (("Ann_Lee", "red"), ("Bo", "blue"), ("Cy", "green"), ("Di", "blue")):
        (tmp_path / person).mkdir()
        for number in (1, 2):
            pixels = picture(colour, seed=number)
            Image.fromarray(pixels).save(tmp_path / person / f"{person}_{number:04d}.png")
    text = "2\t1\nAnn_Lee\t1\t2\nAnn_Lee\t1\tBo\t1\nCy\t1\t2\nCy\t2\tDi\t1\n"
    (tmp_path / "pairs.txt").write_text(text)
    found = faces.evaluate(tmp_path, embedder, pairs=tmp_path / "pairs.txt", fars=(0.5,))
    assert found.lfw.folds == (1, 1)
    assert (found.scores.same, found.scores.different) == (2, 2)
    assert "LFW's protocol: 1.0000 +- 0.0000 over 2 folds" in str(found)
    (tmp_path / "Di" / "Di_0001.png").unlink()
    with pytest.raises(DataError, match=r"Di_0001\.jpg: there is no such image"):
        faces.evaluate(tmp_path, embedder, pairs=tmp_path / "pairs.txt")
    rest = faces.evaluate(
        tmp_path, embedder, pairs=tmp_path / "pairs.txt", fars=(0.5,), on_missing="skip"
    )
    assert (rest.scores.different, len(rest.left_out)) == (1, 1)


def test_folders_that_are_none_of_people(tmp_path, embedder):
    with pytest.raises(DataError, match="there is no such folder of people"):
        faces.evaluate(tmp_path / "none", embedder)
    (tmp_path / "ann").mkdir()
    with pytest.raises(DataError, match="at least two people; got 0 pictures of 0"):
        faces.evaluate(tmp_path, embedder)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_keeps_people_together(embedder, method):
    names = [colour for colour in COLOURS for _ in range(5)]
    vectors = embedder([picture(name, seed=n) for n, name in enumerate(names)])
    figure = faces.embedding_map(vectors, names, method=method)
    points = [scatter.get_offsets().data for scatter in figure.axes[0].collections]
    middles = np.stack([each.mean(axis=0) for each in points])
    for number, each in enumerate(points):
        nearest = np.linalg.norm(each[:, None] - middles, axis=2).argmin(axis=1)
        assert (nearest == number).all()


def test_a_picture_of_a_verification(embedder):
    answer = faces.verify(picture("red"), picture("blue"), embedder, threshold=0.1)
    figure = faces.show_verification(answer)
    assert figure.get_suptitle() == str(answer)
    assert str(answer).startswith("different people")
