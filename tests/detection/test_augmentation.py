"""Images and boxes are changed together, and alike for the same generator."""

import keras
import numpy as np
import pytest

from dlzoo.detection import augmentation
from dlzoo.detection.augmentation import BoxAugmentation
from dlzoo.detection.settings import AUGMENTATIONS, BoxSettings

RNG = np.random.default_rng(0)
SIZE = (48, 64)


def scene(count=4, most=6):
    """Grey pictures with white rectangles, and their boxes; one picture has none."""
    images = np.full((count, *SIZE, 3), 60, "uint8")
    targets = np.zeros((count, most, 5), "float32")
    targets[..., 4] = -1
    for place in range(count - 1):
        for number in range(place % 2 + 1):
            x, y = RNG.integers(2, 30, 2).tolist()
            x2, y2 = x + 20 + number, y + 14
            x2, y2 = min(x2, SIZE[1] - 2), min(y2, SIZE[0] - 2)
            images[place, y:y2, x:x2] = 255
            targets[place, number] = x, y, x2, y2, number
    return images, targets


def generator(seed=0):
    return np.random.default_rng(seed)


def boxes_of(targets, place):
    return targets[place][targets[place][:, 4] >= 0]


@pytest.mark.parametrize("name", ["flip", "flip_vertical", "scale", "crop", "mosaic"])
def test_boxes_hold_what_is_white(name):
    images, targets = scene()
    seen = 0
    for seed in range(12):
        moved, found = BoxAugmentation((name,))(generator(seed), images, targets)
        assert moved.shape == images.shape
        for place in range(len(images)):
            for x1, y1, x2, y2, _ in boxes_of(found, place).round().astype(int):
                assert 0 <= x1 < x2 <= SIZE[1]
                assert 0 <= y1 < y2 <= SIZE[0]
                if x2 - x1 > 4 and y2 - y1 > 4:  # borders are interpolated
                    assert moved[place, y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].min() > 200
                    seen += 1
            white = (moved[place, ..., 0] > 250).sum()
            area = sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2, _ in boxes_of(found, place))
            assert white <= area + 250  # what is not in a box is a dropped rest
    assert seen > 20


def test_flips_equal_keras():
    images, targets = scene()
    layer = keras.layers.RandomFlip(
        "horizontal", seed=1, data_format="channels_last", bounding_box_format="xyxy"
    )
    boxes = {"boxes": targets[..., :4], "labels": targets[..., 4]}
    want = layer.transform_bounding_boxes(
        boxes,
        {"flips": np.ones((4, 1, 1, 1), bool), "input_shape": images.shape},
        training=True,
    )
    picture, got = BoxAugmentation(("flip",))._flipped(Always(), images[0], targets[0])
    np.testing.assert_array_equal(picture, images[0][:, ::-1])
    there = targets[0][:, 4] >= 0
    want = keras.ops.convert_to_numpy(want["boxes"])[0][there]
    np.testing.assert_allclose(got[there, :4], want, atol=1e-4)


class Always:
    """A generator that always says yes."""

    def random(self):
        return 0.0


def test_the_same_generator_gives_the_same():
    images, targets = scene()
    change = BoxAugmentation(AUGMENTATIONS)
    first, again, other = (change(generator(seed), images, targets) for seed in (1, 1, 2))
    for mine, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(mine, same)
    assert (first[0] != other[0]).any()
    assert images.max() == 255
    assert first[0].dtype == np.float32
    assert (first[0] >= 0).all()
    assert (first[0] <= 255).all()


def test_hardly_visible_boxes_are_dropped_and_the_largest_stay():
    boxes = np.array([[0, 0, 10, 10, 1], [16, 0, 40, 10, 2], [0, 9, 30, 19, 3]], "float32")
    seen = (0, 10, 0, 20)
    kept = augmentation._visible(boxes, (1.0, 1.0), (0, 0), seen)
    assert kept.tolist() == [[0, 0, 10, 10, 1]]  # of the others 1/6 and 1/15 are left
    rows = np.array([[0, 0, 1, 1, 0], [0, 0, 9, 9, 1], [0, 0, 5, 5, 2]], "float32")
    assert augmentation._largest(rows, 2)[:, 4].tolist() == [1, 2]


def test_nothing_is_nothing():
    assert augmentation.augmentation(BoxSettings(augment=False)) is None
    images, targets = scene()
    empty = targets.copy()
    empty[..., 4] = -1
    _, found = BoxAugmentation(AUGMENTATIONS)(generator(), images, empty)
    assert (found[..., 4] == -1).all()
    only_light = BoxAugmentation(("saturation",))
    moved, same = only_light(generator(), images, targets)
    assert same is targets
    np.testing.assert_allclose(moved, images, atol=1e-3)  # grey stays grey
