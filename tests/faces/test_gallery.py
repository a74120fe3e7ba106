"""The gallery: what is enrolled stays, what is removed is gone, whoever writes at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlzoo.errors import DataError, MissingExtraError
from dlzoo.faces import Gallery, MadeBy
from dlzoo.faces.people import printable

pytest.importorskip("lancedb")

SIDE = 16
MADE_BY = MadeBy("a network", "0123456789abcdef", SIDE)
RNG = np.random.default_rng(0)


def units(count, rng=RNG):
    vectors = rng.normal(size=(count, SIDE)).astype("float32")
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def gallery(tmp_path):
    return Gallery(tmp_path / "people", MADE_BY)


def files_with(folder, content):
    return [p for p in Path(folder).rglob("*") if p.is_file() and content in p.read_bytes()]


def test_enrol_search_list_replace_remove(gallery):
    ann, joe = units(2), units(3)
    gallery.enrol("Ann", ann, ["ann/1.jpg", "ann/2.jpg"])
    gallery.enrol("Joe", joe[:2])
    gallery.enrol("Joe", joe[2])
    assert [(p.name, p.images) for p in gallery.people()] == [("Ann", 2), ("Joe", 3)]
    assert ("Ann" in gallery, "An" in gallery, len(gallery)) == (True, False, 5)
    (match,) = gallery.search(ann[1])
    assert (match.name, match.source) == ("Ann", "ann/2.jpg")
    assert match.distance == pytest.approx(0, abs=1e-6)
    both = gallery.search(joe[0], most=5)  # there are two people
    assert [each.name for each in both] == ["Joe", "Ann"]
    assert both[1].distance == pytest.approx(((ann - joe[0]) ** 2).sum(axis=1).min(), abs=1e-5)
    new = units(1)
    gallery.enrol("Ann", new, replace=True)
    assert [(p.name, p.images) for p in gallery.people()] == [("Ann", 1), ("Joe", 3)]
    assert gallery.search(new[0])[0].name == "Ann"
    assert gallery.remove("Joe") == 3
    again = Gallery(gallery.folder)  # whoever made it
    assert [p.name for p in again.people()] == ["Ann"]
    assert again.made_by == MADE_BY


def test_a_search_goes_on_until_it_has_enough_people(gallery):
    near = units(1)
    gallery.enrol("Ann", np.repeat(near, 40, axis=0))
    gallery.enrol("Joe", units(1))
    assert [m.name for m in gallery.search(near[0], most=2)] == ["Ann", "Joe"]


def test_an_empty_gallery_knows_nobody(gallery):
    assert (gallery.people(), gallery.search(units(1)[0]), len(gallery)) == ((), (), 0)
    assert "Ann" not in gallery
    assert not gallery.folder.exists()
    with pytest.raises(DataError, match="there is no gallery in this folder"):
        Gallery(gallery.folder)


@pytest.mark.parametrize("with_index", [False, True])
def test_who_is_removed_is_in_no_file(gallery, with_index):
    """Lance itself keeps the bytes: one row of many is only marked as deleted."""
    secret = units(1)
    gallery.enrol_many([f"person {n}" for n in range(300)], units(300))
    gallery.enrol("Somebody Secret", secret, ["where/secret.jpg"])
    if with_index:
        gallery.build_index()
        assert gallery.indexed() == 301
    traces = (secret.tobytes(), b"Somebody Secret", b"secret.jpg")
    assert all(files_with(gallery.folder, trace) for trace in traces)
    others = gallery.people()[1:]  # "S" is before "p"
    gallery.remove("Somebody Secret")
    assert [files_with(gallery.folder, trace) for trace in traces] == [[], [], []]
    # Nor is there a compressed copy, or an older version to go back to.
    assert not list(gallery.folder.rglob("*.idx"))
    assert len(list(gallery.folder.rglob("*.manifest"))) == 1
    assert gallery.people() == others


def test_what_is_replaced_is_in_no_file(gallery):
    secret = units(2)
    gallery.enrol("Ann", secret)
    gallery.enrol("Ann", units(1), replace=True)
    assert not files_with(gallery.folder, secret[0].tobytes())


def test_another_network_is_refused(gallery):
    gallery.enrol("Ann", units(1))
    other = MadeBy("another", "ffff", SIDE)
    message = r"embeddings must come from a network \(fingerprint 01.*got another \(finger"
    with pytest.raises(DataError, match=message):
        Gallery(gallery.folder, other)
    with pytest.raises(DataError, match=message):
        gallery.check(other)
    # Also where both were opened before the first of them wrote.
    first, second = (
        Gallery(gallery.folder / "new", other),
        Gallery(gallery.folder / "new", MADE_BY),
    )
    first.enrol("Ann", units(1))
    with pytest.raises(
        DataError, match=r"embeddings must come from another \(fingerprint ffff, 16"
    ):
        second.enrol("Ann", units(1))


@pytest.mark.parametrize(
    "name, vectors, message",
    [
        ("", units(1), "name must be a text that is not empty; got ''"),
        (" \n", units(1), "name must be a text that is not empty"),
        (7, units(1), "name must be a text that is not empty; got 7"),
        ("\ud800", units(1), "name must be valid Unicode"),
        ("Ann", units(1)[:, :8], r"embeddings must be \(n, 16\).* got \(1, 8\)"),
        ("Ann", 2 * units(1), "must be of unit length.* got one of length 2"),
        ("Ann", np.full((1, SIDE), np.nan), "must be of unit length.* nan"),
        ("Ann", np.zeros((0, SIDE)), "a name and a source for each embedding; got 0 names"),
    ],
)
def test_what_cannot_be_enrolled(gallery, name, vectors, message):
    with pytest.raises(ValueError, match=f"^enrol: .*{message}"):
        gallery.enrol(name, vectors)
    assert len(gallery) == 0


def test_nobody_of_this_name(gallery):
    gallery.enrol("Ann Lee", units(1))
    with pytest.raises(DataError, match=r"enrolled as 'Ann Le'\. Did you mean 'Ann Lee'"):
        gallery.remove("Ann Le")
    assert len(gallery) == 1


EVIL = [
    "'; DROP TABLE faces; --",
    "x' OR 1=1 --",
    'Anne "Q" O\'Neill',
    "a\nb",
    "../../etc/passwd",
    "ünï\u0301 名前 🙂",
    "%",
    "\\",
    "\x00",
    "NULL",
    "{name}",
    "a" * 5000,
]


def only_one_goes(folder, names):
    gallery = Gallery(folder, MADE_BY)
    gallery.enrol_many(names, units(len(names)))
    assert [p.name for p in gallery.people()] == sorted(names)
    gone = names[0]
    assert gallery.remove(gone) == 1
    assert [p.name for p in gallery.people()] == sorted(names[1:])
    assert gone not in gallery
    assert not {p.name for p in folder.iterdir()} - {"faces.lance", ".lock"}


@pytest.mark.parametrize("first", range(0, len(EVIL), 3))
def test_names_are_data(tmp_path, first):
    only_one_goes(tmp_path, EVIL[first:] + EVIL[:first])


words = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\"`;%_\\\n")
).filter(str.strip)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(words, min_size=2, max_size=5, unique=True))
def test_any_text_is_a_name(tmp_path_factory, names):
    only_one_goes(tmp_path_factory.mktemp("people"), names)


def test_names_are_printed_on_one_line():
    assert printable("Zoë\n\x1b[31m 名") == "Zoë\\n\\x1b[31m 名"


def test_the_index_finds_what_exact_search_finds(gallery):
    vectors = units(2000)
    gallery.enrol_many([f"person {n}" for n in range(2000)], vectors)
    assert gallery.indexed() is None
    gallery.build_index()
    assert gallery.indexed() == 2000
    late = units(3)
    gallery.enrol_many(["late 1", "late 2", "late 3"], late)  # not in the index, but found
    assert [gallery.search(vector)[0].name for vector in late] == ["late 1", "late 2", "late 3"]
    queries = vectors[:50] + 0.1 * units(50)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    assert gallery.recall(queries) >= 0.98
    gallery.enrol("person 7", units(1), replace=True)
    assert gallery.indexed() is None
    assert gallery.search(vectors[8])[0].name == "person 8"


def test_a_few_need_no_index(gallery):
    gallery.enrol("Ann", units(3))
    with pytest.raises(DataError, match=r"at least 256 embeddings for an index.* got 3"):
        gallery.build_index()


def test_many_small_enrolments_stay_few_files(gallery):
    for number in range(70):
        gallery.enrol(f"person {number}", units(1))
    assert len(list(gallery.folder.rglob("data/*.lance"))) < 80
    assert len(gallery.people()) == 70


def test_without_lancedb(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(MissingExtraError, match=r'pip install "dlzoo\[faces\]"'):
        Gallery(tmp_path, MADE_BY)


WRITER = f"""
import sys, numpy as np
from dlzoo.faces import Gallery, MadeBy
assert "keras" not in sys.modules
folder, who, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
gallery = Gallery(folder, MadeBy("a network", "0123456789abcdef", {SIDE}))
rng = np.random.default_rng(seed)
for number in range(count):
    vectors = rng.normal(size=(2, {SIDE})).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery.enrol(f"{{who}} {{number}}", vectors)
    if number % 5 == 4:
        gallery.enrol(f"{{who}} {{number - 1}}", vectors[:1], replace=True)
    print(number, flush=True)
"""


def writer(folder, who, count, seed=0):
    command = [sys.executable, "-c", WRITER, str(folder), who, str(count), str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_killed_while_enrolling(tmp_path):
    """Whoever was said to be enrolled is; nothing is half there, and writing goes on."""
    for attempt, moment in enumerate((0.0, 0.013, 0.03)):
        process = writer(tmp_path, f"round {attempt}", 10_000, attempt)
        said = [process.stdout.readline() for _ in range(6)]
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()  # what was written before it ended
        said += rest.splitlines(keepends=True)
        there = {p.name: p.images for p in Gallery(tmp_path).people()}
        for number in map(int, filter(lambda line: line.endswith("\n"), said)):
            images = 1 if number % 5 == 3 and f"{number + 1}\n" in said else 2
            assert there.pop(f"round {attempt} {number}") in {images, 1 + (number % 5 != 3)}
        unsaid = [name for name in there if name.startswith(f"round {attempt} ")]
        assert len(unsaid) <= 1  # committed, but killed before it could say so
    gallery = Gallery(tmp_path, MADE_BY)
    gallery.enrol("Ann", secret := units(1))
    gallery.remove("Ann")
    assert not files_with(tmp_path, secret.tobytes())
    live = {p.name for p in gallery.people()}
    assert {f"round {n} 0" for n in range(3)} <= live


@pytest.mark.slow
def test_two_processes_write_at_once(tmp_path):
    both = [writer(tmp_path, who, 12, seed) for seed, who in enumerate(("left", "right"))]
    reader = Gallery(tmp_path, MADE_BY)
    while any(process.poll() is None for process in both):
        assert len(reader.people()) <= 24  # reading meanwhile does not fail
        reader.search(units(1)[0])
        time.sleep(0.05)
    assert [process.returncode for process in both] == [0, 0]
    for process in both:
        process.stdout.close()
    expected = {
        f"{w} {n}": 1 if n in (3, 8) else 2 for w in ("left", "right") for n in range(12)
    }
    assert {p.name: p.images for p in reader.people()} == expected
