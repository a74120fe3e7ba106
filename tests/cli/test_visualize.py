"""`dlzoo visualize`: pictures of a network by name, of a file, of a run folder."""

import keras
import numpy as np
import pytest
from PIL import Image

from dlzoo.cli.pictures import label_number
from dlzoo.layers import ClassLabels, ImagePreprocessing
from tests.cli.run import here, run

SIDE = 24


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    for name in ("a/1", "b/1", "b/2"):  # two of the same name
        path = folder / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), "uint8")).save(path)
    return folder


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """As `dlzoo fine-tune` leaves it: raw pixels in, names inside, the body nested."""
    image = keras.Input((SIDE, SIDE, 3))
    x = ImagePreprocessing(1 / 127.5, (1,) * 3, (1,) * 3)(image)
    layers = [keras.Input((SIDE, SIDE, 3)), keras.layers.Conv2D(4, 3)]
    body = keras.Sequential(layers, name="body")
    x = keras.layers.GlobalAveragePooling2D()(body(x))
    x = keras.layers.Dense(2, activation="softmax")(x)
    folder = tmp_path_factory.mktemp("run")
    keras.Model(image, ClassLabels(["cat", "dog"])(x)).save(folder / "model.keras")
    return folder


@pytest.mark.slow
def test_pictures_of_a_run_folder(run_folder, photographs, tmp_path):
    both = run_folder, photographs, "--out", tmp_path
    done = run("visualize", "cam", *both, "--class", "dog")
    assert done.returncode == 0, done.stderr
    assert [line.split(": ")[1][:3] for line in done.stdout.splitlines()] == ["dog"] * 3
    done = here("visualize", "patches", *both, "--channels", "2,")
    assert done.returncode == 0, done.stderr
    assert "body, receptive field 3 x 3 pixels, stride 1 x 1" in done.stdout
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["cam_1.png", "cam_1_2.png", "cam_2.png", "patches_body.png"]
    for name in found:
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 200


@pytest.mark.slow
def test_errors_say_what_to_do(run_folder, photographs, tmp_path):
    arguments = run_folder, photographs, "--out", tmp_path / "none"
    done = here("visualize", "patches", *arguments, "--layer", "bodi")
    assert (done.returncode, done.stdout) == (1, "")
    assert "got 'bodi'. Did you mean 'body'?" in done.stderr
    assert not (tmp_path / "none").exists()


def test_classes_by_number_and_by_name(run_folder):
    model = keras.saving.load_model(run_folder / "model.keras")
    assert [label_number(text, model) for text in ("1", "dog", "Cat")] == [1, 1, 0]
    with pytest.raises(ValueError, match="no class is called 'dig'; did you mean 'dog'"):
        label_number("dig", model)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["cam", "resnet51", "."], 1, "no network is called 'resnet51'; did you mean"),
        (["filters", "lenet5"], 1, "lenet5: --weights must be given, because none are"),
        (["patches", "vgg16", ".", "--channels", "many"], 2, "how many, or numbers"),
    ],
)
def test_wrong_usage(arguments, code, words, tmp_path):
    (tmp_path / "image.png").touch()
    arguments = [str(tmp_path) if each == "." else each for each in arguments]
    done = here("visualize", *arguments, "--out", str(tmp_path))
    assert (done.returncode, done.stdout) == (code, "")
    assert words in " ".join(done.stderr.replace("│", " ").split())
