"""`open_people` and the batches of P people with K images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dlzoo.data import deal_people, decode, open_people
from dlzoo.errors import DataError


def make_people(folder, people=12, images=3, size=(6, 5)):
    """Grey and colour images, a folder for each person; no two images are equal."""
    generator = np.random.default_rng(0)
    for person in range(people):
        place = folder / f"p{person}"
        place.mkdir(parents=True)
        for number in range(images):
            shape = size if number % 2 else (*size, 3)
            pixels = generator.integers(0, 256, shape, np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.{'png' if number else 'bmp'}")
    return folder


@pytest.fixture
def crowd(tmp_path):
    return make_people(tmp_path / "crowd")


def names(dataset):
    return {split: set(part.people) for split, part in dataset.splits.items()}


def test_nobody_is_in_two_splits(crowd):
    dataset = open_people(crowd)
    found = names(dataset)
    assert {split: len(part) for split, part in found.items()} == {
        "train": 8,
        "dev": 2,
        "test": 2,
    }
    assert len(set.union(*found.values())) == 12
    for part in dataset.splits.values():
        for path, label in zip(part.paths, part.labels, strict=True):
            assert path.parent.name == part.people[label]
    assert names(open_people(crowd)) == found
    assert open_people(crowd).fingerprint == dataset.fingerprint
    assert names(open_people(crowd, seed=1)) != found
    assert "train 8 people (24 images)" in str(dataset)
    assert len(dataset.to_dict()["splits"]["dev"]["people"]) == 2


def test_grey_images_become_rgb(crowd):
    part = open_people(crowd).splits["train"]
    images = decode(part.paths, (6, 5))
    assert images.shape == (24, 6, 5, 3)


def test_people_can_be_named(crowd):
    dataset = open_people(crowd, people={"test": ["p3", "p11"]})
    assert names(dataset)["test"] == {"p3", "p11"}
    assert len(names(dataset)["train"]) == 10
    few = open_people(crowd, people={"train": ["p0", "p1"], "test": ["p3", "p4"]})
    assert names(few)["train"] == {"p0", "p1"}
    assert "In no split: 8 people" in few.notes[0]
    with pytest.raises(DataError, match="p99, of whom there are no images"):
        open_people(crowd, people={"test": ["p99", "p1"]})
    with pytest.raises(DataError, match="'p1' is in dev and in test"):
        open_people(crowd, people={"dev": ["p1", "p2"], "test": ["p1", "p3"]})
    with pytest.raises(ValueError, match="people must be a dict from split"):
        open_people(crowd, people={"test": "p1"})


def test_folders_of_splits(tmp_path):
    make_people(tmp_path / "train", 6)
    make_people(tmp_path / "other", 4)
    (tmp_path / "test").mkdir()
    for number in range(2, 4):
        (tmp_path / "other" / f"p{number}").rename(tmp_path / "test" / f"q{number}")
    dataset = open_people(tmp_path, on_duplicate="keep")
    assert names(dataset)["test"] == {"q2", "q3"}
    assert len(names(dataset)["dev"]) == 2
    with pytest.raises(DataError, match="the same image is in two splits"):
        open_people(tmp_path)
    (tmp_path / "test" / "q2").rename(tmp_path / "test" / "p1")
    with pytest.raises(DataError, match="'p1' is in train and in test"):
        open_people(tmp_path, on_duplicate="keep")


def test_bad_files_are_named_or_left_out(crowd):
    (crowd / "p2" / "1.png").write_bytes(b"no image")
    for number in range(3):
        path = next((crowd / "p3").glob(f"{number}.*"))
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"4 images cannot be used(.|\n)*p2"):
        open_people(crowd)
    dataset = open_people(crowd, on_bad_image="skip")
    assert "No usable image is left of p3." in dataset.notes
    assert len(set.union(*names(dataset).values())) == 11


def test_one_image_of_two_people_is_a_contradiction(crowd):
    (crowd / "p5" / "copy.png").write_bytes((crowd / "p4" / "1.png").read_bytes())
    with pytest.raises(DataError, match="the same image has two labels"):
        open_people(crowd)
    dataset = open_people(crowd, on_duplicate="drop")
    assert sum(map(len, dataset.splits.values())) == 12 * 3 - 1


def test_too_few_people_or_images(tmp_path):
    make_people(tmp_path / "few", 5)
    with pytest.raises(DataError, match="2 people at least in each of train, dev, test; got 5"):
        open_people(tmp_path / "few")
    assert set(open_people(tmp_path / "few", fractions={"train": 1.0}).splits) == {"train"}
    make_people(tmp_path / "single", 8, images=1)
    with pytest.raises(DataError, match="one of them with two images"):
        open_people(tmp_path / "single", fractions={"train": 1.0})
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images found"):
        open_people(tmp_path / "empty")
    with pytest.raises(DataError, match="test has 1 people"):
        open_people(tmp_path / "few", people={"test": ["p0"]})


def test_people_with_one_image_are_noted(crowd):
    for number in (1, 2):
        (crowd / "p0" / f"{number}.png").unlink()
    dataset = open_people(crowd, fractions={"train": 1.0})
    assert dataset.notes == (
        "1 people of train have one image, e.g. p0: they can only be somebody else.",
    )


@settings(max_examples=30, deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), min_size=2, max_size=9),
    people=st.integers(2, 6),
    images=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_batches_hold_p_people_with_k_images(counts, people, images, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    batches = deal_people(labels, people, images, seed=(seed,), epoch=3)
    again = deal_people(labels, people, images, seed=(seed,), epoch=3)
    assert all((a == b).all() for a, b in zip(batches, again, strict=True))
    wanted = min(people, len(counts))
    for batch in batches:
        of_person = labels[batch].reshape(wanted, images)
        assert (of_person == of_person[:, :1]).all()
        assert len(set(of_person[:, 0])) == wanted
        for person, chosen in zip(of_person[:, 0], batch.reshape(wanted, -1), strict=True):
            assert len(set(chosen)) == min(images, counts[person])
    assert set(labels[np.concatenate(batches)]) == set(range(len(counts)))


def test_an_epoch_shows_all_images_and_the_next_is_another():
    labels = np.repeat(np.arange(6), 8)
    batches = deal_people(labels, 3, 4)
    assert len(batches) == 4
    assert sorted(np.concatenate(batches)) == list(range(48))
    other = deal_people(labels, 3, 4, epoch=1)
    assert (np.concatenate(batches) != np.concatenate(other)).any()


def test_one_person_teaches_no_difference():
    with pytest.raises(DataError, match="two people at least"):
        deal_people([0, 0], 2, 2)
    with pytest.raises(ValueError, match="people must be a whole number of at least 2"):
        deal_people([0, 1], 1, 2)
