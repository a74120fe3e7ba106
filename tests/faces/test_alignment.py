"""Alignment: known turns come back, no mirror images, and what cannot be aligned is said."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.faces import align, crop
from dlzoo.faces.alignment import similarity, template
from tests.references.draw import sample
from tests.references.files import FOLDER

DATA = os.environ.get("DLZOO_TEST_DATA")


def umeyama(points, places):
    """The general solution, by singular values: Umeyama 1991, equations 40 to 42."""
    before, after = points.mean(axis=0), places.mean(axis=0)
    covariance = (places - after).T @ (points - before) / len(points)
    left, values, right = np.linalg.svd(covariance)
    sign = np.ones(2)
    if np.linalg.det(left) * np.linalg.det(right) < 0:
        sign[1] = -1
    turn = left @ np.diag(sign) @ right
    growth = (values * sign).sum() / (points - before).var(axis=0).sum()
    return np.concatenate([growth * turn, (after - growth * turn @ before)[:, None]], axis=1)


def moved(points, growth, degrees, shift):
    turn = np.exp(1j * np.deg2rad(degrees)) * growth
    z = (points[:, 0] + 1j * points[:, 1]) * turn
    return np.stack([z.real, z.imag], axis=1) + shift


@given(
    st.floats(0.05, 50),
    st.floats(-180, 180),
    st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)),
)
def test_a_known_similarity_comes_back(growth, degrees, shift):
    points = moved(template(), growth, degrees, shift)
    back = similarity(points, template())
    found = points @ back[:, :2].T + back[:, 2]
    np.testing.assert_allclose(found, template(), atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_it_is_umeyamas(seed):
    generator = np.random.default_rng(seed)
    points = template() * [(-1) ** seed, 1] + generator.normal(0, 15, (5, 2))  # some mirrored
    matrix = similarity(points, template())
    np.testing.assert_allclose(matrix, umeyama(points, template()), atol=1e-8)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_templates():
    np.testing.assert_allclose(template((112, 112)), template() + [8, 0], atol=1e-9)
    np.testing.assert_allclose(template((224, 192)), 2 * template(), atol=1e-9)


def test_the_points_arrive_at_their_places():
    """A grey photograph with a white spot at each point, turned and enlarged."""
    points = moved(template(), 1.5, 20, (110, 30))
    photograph = np.full((300, 300, 3), 60, "uint8")
    for x, y in points.round().astype(int):
        photograph[y - 2 : y + 2, x - 2 : x + 2] = 255
    face = align(photograph, points)
    assert face.shape == (112, 96, 3)
    for x, y in template():
        rows, columns = np.mgrid[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5]
        light = face[rows, columns, 0].astype(float) - 60
        assert (light * (columns + 0.5)).sum() / light.sum() == pytest.approx(x, abs=0.6)
        assert (light * (rows + 0.5)).sum() / light.sum() == pytest.approx(y, abs=0.6)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_a_face_in_place_stays_as_it_is(interpolation):
    photograph = np.random.default_rng(0).integers(0, 256, (112, 96, 3)).astype("uint8")
    found = align(photograph, template(), interpolation=interpolation)
    np.testing.assert_allclose(found, photograph, atol=1)  # Pillow rounds down


def test_the_wide_one_is_the_narrow_one_with_more_at_the_sides():
    photograph = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype("uint8")
    points = moved(template(), 1.3, 10, (40, 20))
    wide, narrow = align(photograph, points, 112), align(photograph, points)
    np.testing.assert_allclose(wide[:, 8:-8], narrow, atol=1)


def test_large_faces_are_averaged_and_not_sampled():
    """A board of single black and white pixels is grey from afar."""
    board = np.indices((896, 768)).sum(axis=0) % 2 * 255
    face = align(np.repeat(board[..., None], 3, -1).astype("uint8"), 8 * template())
    assert np.all(np.abs(face.astype(int) - 127) <= 1)


def test_beyond_the_border_it_is_black():
    face = align(np.full((112, 48, 3), 200, "uint8"), template())
    assert np.all(face[:, 49:] == 0)
    assert np.all(face[1:-1, :47] == 200)


@pytest.mark.parametrize(
    "landmarks, words",
    [
        (np.full((5, 2), 30.0), "align: landmarks must be finite and not all in one place"),
        (np.full((5, 2), np.nan), "align: landmarks must be finite and not all in one place"),
        (np.zeros((4, 2)), r"align: landmarks must be x and y of five points.*shape \(4, 2\)"),
        (np.zeros((1, 5, 2)), r"of one face; got shape \(1, 5, 2\)"),
    ],
)
def test_landmarks_that_are_no_face(landmarks, words):
    with pytest.raises(ValueError, match=words):
        align(np.zeros((50, 50, 3), "uint8"), landmarks)


def test_landmarks_that_contradict_the_template():
    """Where the best turn shrinks the face to nothing."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]])
    places = similarity(square * [1, -1], square)
    np.testing.assert_allclose(places[:, :2], 0, atol=1e-12)


def test_crop_is_a_resized_window():
    photograph = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype("uint8")
    np.testing.assert_array_equal(
        crop(photograph, [10, 20, 42, 52], 32), photograph[20:52, 10:42]
    )
    # a margin of 16 of 48 pixels: half as much again as the box
    np.testing.assert_array_equal(
        crop(photograph, [10, 20, 42, 52], 48, margin=16), photograph[12:60, 2:50]
    )
    assert crop(photograph, [-10, -10, 20, 20], (112, 96)).shape == (112, 96, 3)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            {"box": [90, 0, 99, 20]},
            "crop: box must have pixels of the image, which has 80 x 60",
        ),
        ({"box": [1, 2, 3]}, "crop: box must be x1, y1, x2, y2"),
        ({"box": [0, 0, 20, np.nan]}, "crop: box must be x1, y1, x2, y2, finite"),
        ({"box": [0, 0, 20, 20], "margin": 160}, "crop: margin must be between 0 and 159"),
    ],
)
def test_crops_that_cannot_be(arguments, words):
    with pytest.raises(ValueError, match=words):
        crop(np.zeros((60, 80, 3), "uint8"), **arguments)


def test_a_missing_photograph_is_named(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        align(tmp_path / "no_such.jpg", template())


@pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA does not name a folder")
def test_crop_is_facenet_pytorchs():
    golden = json.loads((FOLDER.parent / "faces" / "photographs.json").read_text())["crop"]
    path = Path(DATA, "photographs_with_faces", golden["file"])
    face = crop(read_image(path), golden["box"], 160, margin=golden["margin"])
    np.testing.assert_array_equal(sample(face)[:60], golden["sample"])
