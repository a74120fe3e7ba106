"""Finding faces: with a detector that is wired by hand, and with the published weights."""

import json
import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image, ImageDraw

import dlzoo
from dlzoo.detection.boxes import non_max_suppression
from dlzoo.errors import DataError, WeightsError
from dlzoo.faces import Face, align, draw_faces, find_faces, finding
from dlzoo.faces.area_means import AreaMeans
from dlzoo.faces.suppression import suppress
from dlzoo.models import MTCNN
from tests.references.files import FOLDER

DATA = os.environ.get("DLZOO_TEST_DATA")
real = pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA does not name a folder")
POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
PUBLISHED = json.loads((FOLDER.parent / "faces" / "photographs.json").read_text())


def network(side, dense):
    """Sure of a bright square that fills the middle two thirds of what it sees."""
    rim = side // 6
    kernel = np.full((side, side, 3, 2), -1.0)
    kernel[rim:-rim, rim:-rim] = 1.0
    inside = kernel > 0
    kernel /= np.where(inside, inside[..., :1, :1].sum(), (~inside[..., :1, :1]).sum()) * 3
    kernel = np.stack([-kernel[..., 0], kernel[..., 0]], axis=-1) * 10 / 255
    shape = (side, side, 3) if dense else (None, None, 3)
    image = keras.Input(shape)
    zeros = {"kernel_initializer": "zeros"}  # JAX would compile a random one
    scores, steps, landmarks = (
        keras.layers.Conv2D(numbers, side, strides=2, name=name, **zeros)
        for name, numbers in (("scores", 2), ("steps", 4), ("landmarks", 10))
    )
    scores.activation = keras.activations.softmax
    outputs = {layer.name: layer(image) for layer in (scores, steps, landmarks)}
    if dense:
        outputs = {name: keras.layers.Flatten()(part) for name, part in outputs.items()}
    model = keras.Model(image, outputs)
    scores.set_weights([kernel, np.array([5.0, -5.0])])  # 0.5 at half of the contrast
    landmarks.bias.assign(POINTS.T.ravel())
    return model


@pytest.fixture(scope="module")
def detector():
    """Finds bright squares on dark ground, and says where their points are."""
    return MTCNN(network(12, False), network(24, True), network(48, True))


def squares(*places, size=(120, 160)):
    """A dark picture with bright squares at `(x, y, side)`."""
    picture = np.full((*size, 3), 20, "uint8")
    for x, y, side in places:
        picture[y : y + side, x : x + side] = 240
    return picture


@pytest.mark.backend
def test_every_square_is_found_where_it_is(detector):
    places = ((10, 15, 30), (70, 20, 36))
    found = find_faces(squares(*places, size=(71, 121)), detector=detector, min_size=45)
    assert len(found) == len(places)
    by_place = sorted(found, key=lambda face: face.box[0])
    for face, (x, y, side) in zip(by_place, places, strict=True):
        wanted = np.array([x - side / 4, y - side / 4, x + 1.25 * side, y + 1.25 * side])
        np.testing.assert_allclose(face.box, wanted, atol=side / 3)  # scales are 1.4 apart
        low, high = face.box[:2], face.box[2:]
        np.testing.assert_allclose(face.landmarks, low + POINTS * (high - low), rtol=1e-4)
        assert face.box.dtype == face.landmarks.dtype == np.float32
        assert 0.7 < face.score <= 1


def test_the_surest_comes_first(detector):
    found = find_faces(squares((20, 30, 24), (90, 50, 40)), detector=detector, min_size=30)
    assert found[0].score >= found[1].score


def test_nothing_is_found_where_nothing_is(detector):
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype("uint8")
    assert find_faces(squares(), detector=detector) == ()
    assert find_faces(noise, detector=detector) == ()


@pytest.mark.parametrize("size", [(1, 1), (5, 400), (19, 19)])
def test_smaller_than_the_smallest_face(detector, size):
    assert find_faces(np.full((*size, 3), 200, "uint8"), detector=detector) == ()


def test_min_size_leaves_small_ones_out(detector):
    found = find_faces(squares((20, 30, 16), (90, 50, 40)), detector=detector, min_size=60)
    assert [face.box[0] for face in found] == [pytest.approx(80, abs=5)]


def test_path_picture_and_array_are_one(detector, tmp_path):
    picture = squares((50, 30, 40))
    Image.fromarray(picture).save(tmp_path / "a.png")
    forms = picture, Image.fromarray(picture), tmp_path / "a.png", str(tmp_path / "a.png")
    one, *others = (find_faces(form, detector=detector)[0] for form in forms)
    for other in others:
        np.testing.assert_array_equal(one.box, other.box)
    grey = find_faces(picture[..., 0], detector=detector)[0]
    np.testing.assert_array_equal(one.box, grey.box)


def test_a_corrupt_file_is_named(detector, tmp_path):
    path = tmp_path / "photograph.jpg"
    Image.fromarray(squares()).save(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))}: the image is damaged"):
        find_faces(path, detector=detector)


def test_weights_that_are_not_there(tmp_path):
    with pytest.raises(WeightsError, match="there is no file"):
        find_faces(squares(), detector=tmp_path / "mtcnn.safetensors")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"min_size": 5}, "find_faces: min_size must be between 12 and"),
        ({"factor": 1}, "find_faces: factor must be between 0.1 and 0.95"),
        ({"thresholds": 0.5}, "find_faces: thresholds must be three numbers"),
        ({"thresholds": (0.5, 0.5, 2)}, "find_faces: each of thresholds must be between 0 and"),
        ({"detector": 3}, "find_faces: detector must be what dlzoo.models.mtcnn returned"),
    ],
)
def test_arguments_that_are_not_allowed(arguments, words):
    with pytest.raises(ValueError, match=words):
        find_faces(squares(), **arguments)


def test_drawing(detector):
    picture = squares((50, 30, 40))
    found = find_faces(picture, detector=detector)
    drawn = draw_faces(picture, found)
    assert drawn.shape == picture.shape
    assert np.any(drawn != picture)
    x, y = found[0].landmarks[2].astype(int)
    assert drawn[y, x].tolist() == [0, 114, 178]
    assert np.array_equal(draw_faces(picture, ()), picture)


def test_a_face_is_plain_values():
    face = Face(np.array([1, 2, 30.004, 40], "float32"), 0.98765, np.zeros((5, 2), "float32"))
    plain = json.loads(json.dumps(face.to_dict()))
    assert plain == {"box": [1, 2, 30, 40], "score": 0.9877, "landmarks": [[0, 0]] * 5}
    assert str(face) == "face of 29 x 38 pixels at (1, 2), 98.8%"


@pytest.mark.parametrize("size", [(7, 5), (24, 24), (40, 33)])
def test_area_means_are_adaptive_pooling(size):
    """Smaller and larger than the part, against the layer that has PyTorch's numbers."""
    image = np.random.default_rng(0).integers(0, 256, (31, 26, 3)).astype("uint8")
    boxes = [(0, 0, 26, 31), (3, 5, 20, 29), (25, 30, 26, 31)]
    found = AreaMeans(image).resized(boxes, size)
    pool = dlzoo.layers.AdaptiveAveragePooling2D(size)
    for (x1, y1, x2, y2), part in zip(boxes, found, strict=True):
        wanted = pool(image[None, y1:y2, x1:x2].astype("float32"))
        np.testing.assert_allclose(part, ops.convert_to_numpy(wanted)[0], rtol=1e-5, atol=1e-3)


def test_area_means_outlive_sums_that_run_over():
    """More than 2^32 in all."""
    image = np.broadcast_to(np.uint8(255), (4200, 4100, 1))
    assert np.all(AreaMeans(image).resized([(4000, 4100, 4100, 4200)], (3, 3)) == 255)


def test_suppression_is_that_of_boxes():
    generator = np.random.default_rng(1)
    low = generator.uniform(0, 40, (60, 2))
    boxes = np.concatenate([low, low + generator.uniform(1, 25, (60, 2))], axis=1)
    scores = generator.uniform(size=60).round(1)  # with ties
    wanted, number = non_max_suppression(
        boxes.astype("float32"), scores.astype("float32"), iou_threshold=0.3, most=60
    )
    wanted = ops.convert_to_numpy(wanted)[: int(number)]
    np.testing.assert_array_equal(suppress(boxes, scores, 0.3), wanted)


@pytest.fixture(scope="module")
def published():
    return dlzoo.models.mtcnn(Path(DATA, "weights", "mtcnn_torch.safetensors"))


@real
@pytest.mark.parametrize("name", PUBLISHED["faces"])
def test_faces_are_those_of_facenet_pytorch(published, name):
    wanted = PUBLISHED["faces"][name]
    found = find_faces(Path(DATA, "photographs_with_faces", name), detector=published)
    assert len(found) == len(wanted["boxes"])
    for face, box, points in zip(found, wanted["boxes"], wanted["points"], strict=True):
        # its first pixel is number 1
        np.testing.assert_allclose(face.box + [1, 1, 0, 0], box[:4], atol=0.1)
        np.testing.assert_allclose(face.landmarks, points, atol=0.1)
        assert face.score == pytest.approx(box[4], abs=1e-3)


@real
def test_common_sizes_change_nothing(published, monkeypatch):
    """What JAX is spared: each scale of each photograph is a size of its own."""
    path = Path(DATA, "photographs_with_faces", "data_multiface.jpg")
    exact = find_faces(path, detector=published)
    monkeypatch.setattr(finding, "_compiled_for_each_size", lambda: True)
    common = find_faces(path, detector=published)
    assert len(common) == len(exact)
    for one, other in zip(exact, common, strict=True):
        np.testing.assert_allclose(one.box, other.box, atol=0.1)


@real
@pytest.mark.parametrize("name", ["starry_night.jpg", "the_scream.jpg"])
def test_no_face_in_a_painting(published, name):
    assert find_faces(Path(DATA, "style", name), detector=published) == ()


@real
def test_no_face_in_a_cartoon(published):
    cartoon = Image.new("RGB", (200, 200), "white")
    pen = ImageDraw.Draw(cartoon)
    pen.ellipse([40, 30, 160, 170], fill=(255, 220, 120), outline="black", width=2)
    for x in (75, 125):
        pen.ellipse([x - 7, 75, x + 7, 90], fill="black")
    pen.arc([70, 90, 130, 145], 20, 160, fill="black", width=3)
    assert find_faces(cartoon, detector=published) == ()


@real
def test_one_face_however_the_head_is_turned(published):
    """Ten photographs of a person, some from the side."""
    for path in sorted(Path(DATA, "orl_faces", "s1").glob("*.png")):
        (face,) = find_faces(path, detector=published)
        left, right, nose, left_corner, right_corner = face.landmarks.tolist()
        assert left[0] < right[0]
        assert left_corner[0] < right_corner[0]
        assert max(left[1], right[1]) < nose[1] < min(left_corner[1], right_corner[1])


@real
def test_a_turned_photograph_gives_the_same_face(published):
    photograph = Image.open(Path(DATA, "photographs_with_faces", "kate_siegel_1.jpg"))
    (upright,) = find_faces(photograph, detector=published)
    turned = photograph.rotate(20, Image.Resampling.BICUBIC, expand=True)
    (face,) = find_faces(turned, detector=published)
    one = align(photograph, upright.landmarks).astype(float)
    other = align(turned, face.landmarks).astype(float)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95
