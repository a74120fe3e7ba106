"""`dlzoo verify` and `dlzoo faces`, on a network that knows colours."""

import json

import pytest
from PIL import Image

from tests.cli.run import here, run
from tests.faces.small import colour_network, folder_of_people, picture

pytest.importorskip("lancedb")


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with a model, people and a stranger, which is the current one."""
    monkeypatch.chdir(tmp_path)
    colour_network().save("model.keras")
    folder_of_people(tmp_path / "people")
    Image.fromarray(picture("green", seed=50)).save("stranger.png")
    return tmp_path


def dlzoo(*arguments):
    """Exit code, standard output and error."""
    done = here(*arguments)
    return done.returncode, done.stdout, done.stderr


NETWORK = ("--model", "model.keras")
AT = ("--threshold", "0.1")


def test_a_gallery_from_beginning_to_end(there):
    for colour in ("red", "blue"):
        done = dlzoo("faces", "enrol", colour, f"people/{colour}", *NETWORK)
        assert done == (0, f"{colour}: 3 pictures enrolled in gallery\n", "")
    code, shown, _ = dlzoo("faces", "list")
    assert code == 0
    assert [line.split()[:2] for line in shown.splitlines()[1:]] == [
        ["blue", "3"],
        ["red", "3"],
    ]
    pictures = ("--picture", "who.png")
    asked = ("faces", "identify", "people/blue/1.png", *NETWORK, *AT, *pictures)
    assert dlzoo(*asked)[:2] == (0, "blue (distance 0.000, threshold 0.100)\n")
    assert (there / "who.png").stat().st_size > 1000
    code, shown, _ = dlzoo("faces", "identify", "stranger.png", *NETWORK, *AT, "--json")
    assert json.loads(shown)[0]["name"] is None
    assert dlzoo("faces", "remove", "blue")[:2] == (
        0,
        "blue: 3 embeddings removed from every file of gallery\n",
    )
    code, shown, _ = dlzoo("faces", "list", "--json")
    assert [person["name"] for person in json.loads(shown)] == ["red"]
    code, _, error = dlzoo("faces", "remove", "blue")
    assert code == 1
    assert "nobody is enrolled as 'blue'" in error


def test_verify(there):
    pair = ("people/red/0.png", "people/red/1.png")
    code, shown, _ = dlzoo("verify", *pair, *NETWORK, *AT, "--picture", "pair.png")
    assert code == 0
    assert shown.startswith("the same person: distance 0.00")
    assert (there / "pair.png").stat().st_size > 1000
    code, _, error = dlzoo("verify", *pair, *NETWORK)
    assert code == 1
    assert "verify: threshold must be given" in error.replace("\n", " ")
    code, _, error = dlzoo("verify", "people/red/0.png", "none.png", *NETWORK, *AT)
    assert (code, error) == (1, "Error: none.png: there is no such file.\n")


def test_evaluate(there):
    code, shown, _ = dlzoo("faces", "evaluate", "people", *NETWORK, "--far", "0.1")
    assert code == 0
    assert "AUC 1.0000" in shown
    scores = json.loads((there / "evaluation" / "evaluation.json").read_text())["scores"]
    assert scores["tar_at_far"][0]["tar"] == 1


def test_a_folder_without_a_gallery_is_not_made_one(tmp_path):
    done = run("faces", "list", "--gallery", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr == f"Error: {tmp_path / 'none'}: there is no gallery in this folder.\n"
    assert not (tmp_path / "none").exists()
