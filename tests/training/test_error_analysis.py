"""Mistakes by tag, their ceilings, wrong labels, and the spreadsheet in between."""

import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image

from dlzoo.data import open_images
from dlzoo.errors import DataError
from dlzoo.layers import ClassLabels, ImagePreprocessing
from dlzoo.training import error_analysis, likely_mislabelled
from dlzoo.visualize import contact_sheet, save_figure


def hundred_mistakes():
    """1,000 examples, 900 of them right."""
    labels = np.zeros(1000, dtype=int)
    probabilities = np.tile([0.8, 0.2], (1000, 1))
    probabilities[:100] = [0.3, 0.7]
    return probabilities, labels


@pytest.mark.parametrize("dogs, ceiling", [(5, 0.905), (50, 0.95)])
def test_the_courses_dogs(dogs, ceiling):
    """Of 100 mistakes (10 %) 5 are dogs: 9.5 % at best. 50 are: 5 %."""
    probabilities, labels = hundred_mistakes()
    tags = ["dog"] * dogs + [""] * (1000 - dogs)
    tags[60] = "dog; blurry" if dogs > 60 else "blurry"
    analysis = error_analysis(probabilities, (np.arange(1000), labels), tags)
    rows = {tag.name: tag for tag in analysis.tags}
    assert analysis.accuracy == pytest.approx(0.9)
    assert rows["dog"].ceiling == pytest.approx(ceiling)
    assert (rows["dog"].mistakes, rows["dog"].share) == (dogs, dogs / 100)
    assert rows["(no tag)"].mistakes == 99 - dogs
    assert list(rows) == ["dog", "blurry", "(no tag)"]
    assert f"{ceiling:.1%}" in str(analysis)
    assert json.loads(json.dumps(analysis.to_dict()))["examples"] == 1000


def test_without_tags_it_counts_confusions():
    labels = np.array(["cat", "cat", "dog", "cow"])
    probabilities = np.eye(3)[[1, 0, 2, 0]] * 0.7 + 0.1  # cat, cow, dog
    analysis = error_analysis(probabilities, (list("abcd"), labels))
    assert {tag.name for tag in analysis.tags} == {"cat taken for cow", "cow taken for cat"}
    assert all(case.tags == () for case in analysis.mistakes)


def test_nothing_is_wrong():
    analysis = error_analysis([[0.9, 0.1], [0.1, 0.9]], (["a", "b"], [0, 1]), ["x", ""])
    assert (analysis.accuracy, analysis.mistakes) == (1.0, ())
    assert "0 mistakes in 2 examples (100.0% right)" in str(analysis)


def test_wrong_labels_are_found():
    """Of 300 examples 15 get another label; a sure and fair network contradicts them."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    probabilities = rng.dirichlet([1, 1, 1], 300) * 0.3 + 0.7 * np.eye(3)[truth]
    labels = truth.copy()
    turned = rng.choice(300, 15, replace=False)
    labels[turned] = (labels[turned] + 1) % 3
    found = likely_mislabelled(probabilities, labels)
    assert {number for number, _ in found} <= set(turned)
    assert len(found) >= 10  # those above their class's mean
    assert all(truth[number] == suggested for number, suggested in found)
    analysis = error_analysis(probabilities, (np.arange(300), labels))
    assert [case.example for case in analysis.mislabelled] == [number for number, _ in found]


def test_who_is_unsure_suspects_nobody():
    probabilities = np.array([[0.95, 0.05]] * 5 + [[0.45, 0.55]] * 5)
    assert likely_mislabelled(probabilities, np.array([0] * 5 + [1] * 4 + [0])) == [(9, 1)]
    timid = np.array([[0.9, 0.1]] * 5 + [[0.05, 0.95]] * 4 + [[0.4, 0.6]])
    assert likely_mislabelled(timid, np.array([0] * 5 + [1] * 4 + [0])) == []


@pytest.fixture
def folder(tmp_path):
    """Red and blue images, one of them in the wrong folder."""
    colours = {"blue": (0, 0, 250), "red": (250, 0, 0)}
    for name, colour in colours.items():
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(4):
            shade = tuple(max(0, part - number) for part in colour)
            path = tmp_path / "images" / name / f"{number}.png"
            Image.new("RGB", (9, 7), shade).save(path)
    Image.new("RGB", (9, 7), (255, 0, 0)).save(tmp_path / "images" / "blue" / "9.png")
    return tmp_path / "images"


def red_or_blue(labels=("blue", "red")):
    """Probability by the colour of the image."""
    image = keras.Input((6, 6, 3))
    x = ImagePreprocessing(1 / 255, (0.0,) * 3, (1.0,) * 3)(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    head = keras.layers.Dense(2, "softmax", use_bias=False)
    model = keras.Model(image, ClassLabels(labels)(head(x)))
    sign = 3.0 if labels[1] == "red" else -3.0
    head.kernel.assign([[-sign, sign], [0, 0], [sign, -sign]])
    return model


def test_from_a_folder_through_a_spreadsheet_to_a_picture(folder, tmp_path):
    dataset = open_images(folder, fractions={"train": 1.0})
    data = dataset.splits["train"]
    analysis = error_analysis(red_or_blue(), data, classes=dataset.classes)
    (case,) = analysis.mistakes
    assert case.path.endswith("9.png")
    assert (case.label, case.predicted, case.mislabelled) == ("blue", "red", True)
    analysis.to_csv(tmp_path / "mistakes.csv")
    with open(tmp_path / "mistakes.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["likely_label"], row["tags"]) == ("red", "")
    text = (tmp_path / "mistakes.csv").read_text().rstrip()
    (tmp_path / "mistakes.csv").write_text(f'{text}"wrong folder; night"\n')
    again = error_analysis(red_or_blue(), data, tmp_path / "mistakes.csv")
    assert [tag.name for tag in again.tags] == ["wrong folder", "night"]
    assert again.tags[0].ceiling == 1.0
    figure = contact_sheet(again, tag="night")
    save_figure(figure, tmp_path / "sheet.png")
    shown = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "taken for red" in shown
    assert "wrong folder, night" in shown
    assert len(contact_sheet(again, only="mislabelled").axes) == 5


def test_the_models_order_of_classes_counts(folder):
    dataset = open_images(folder, fractions={"train": 1.0})
    turned = red_or_blue(labels=("red", "blue"))
    analysis = error_analysis(turned, dataset.splits["train"], classes=dataset.classes)
    assert [case.path[-5:] for case in analysis.mistakes] == ["9.png"]


def test_a_model_on_disk_and_images_in_memory(tmp_path):
    images = np.zeros((3, 6, 6, 3), "uint8")
    images[0, ..., 0] = images[1:, ..., 2] = 255
    red_or_blue().save(tmp_path / "model.keras")
    for model in (tmp_path, tmp_path / "model.keras"):
        analysis = error_analysis(model, (images, np.array([0, 0, 1])), ["a", "a", "b"])
        assert [case.path for case in analysis.mistakes] == ["example 0", "example 2"]
    assert contact_sheet(analysis, tag="b").axes[0].images
    with pytest.raises(DataError, match="no such model"):
        error_analysis(tmp_path / "other", (images, [0, 0, 1]))


def test_one_probability_is_that_of_the_second_class():
    analysis = error_analysis([0.9, 0.2, 0.8], (list("abc"), [1, 0, 0]))
    assert [(c.path, c.predicted, c.probability) for c in analysis.mistakes] == [
        ("c", "1", 0.8)
    ]


def test_one_output_is_looked_at():
    x = keras.Input((6, 6, 3))
    model = keras.Model(x, {"a": x, "b": x})
    with pytest.raises(ValueError, match=r"must have one output; .* has 2"):
        error_analysis(model, (np.zeros((2, 6, 6, 3)), [0, 1]))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("path,tags\na.jpg,dog; blurry\n", {"a.jpg": ["dog", "blurry"]}),
        (
            "\ufeffpath,dog,blurry\na.jpg,1,\nb.jpg,no,x\n",
            {"a.jpg": ["dog"], "b.jpg": ["blurry"]},
        ),
        ("path;dog;far\na.jpg;;yes\n", {"a.jpg": ["far"]}),
    ],
)
def test_forms_of_the_spreadsheet(tmp_path, text, expected):
    (tmp_path / "tags.csv").write_text(text, encoding="utf-8")
    paths = [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")]
    analysis = error_analysis([[0.2, 0.8]] * 2, (paths, [0, 0]), tmp_path / "tags.csv")
    got = {case.path[-5:]: list(case.tags) for case in analysis.mistakes if case.tags}
    assert got == expected


@pytest.mark.parametrize(
    "text, match",
    [
        ("path\na.jpg\n", "must have the columns 'path' and 'tags'"),
        ("file,tags\na.jpg,x\n", "must have the columns 'path' and 'tags'"),
        ("path,tags\nz.jpg,x\n", "none of the paths is one of the 1 examples.*'z.jpg'"),
        (None, "cannot be read"),
    ],
)
def test_spreadsheets_that_cannot_be_used(tmp_path, text, match):
    if text is not None:
        (tmp_path / "tags.csv").write_text(text)
    with pytest.raises(DataError, match=match):
        error_analysis([[0.2, 0.8]], (["a.jpg"], [0]), tmp_path / "tags.csv")


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"data": ["a", "b"]}, "must be a split of open_images"),
        ({"data": (["a"], [0, 1])}, "one label an example; got 1 examples"),
        ({"model": [[0.5, 0.5]]}, "probabilities for each of the 2 examples; got 1"),
        ({"model": [[3.0, -1.0], [0.0, 1.0]]}, "add up to 1.*softmax"),
        ({"data": (["a", "b"], [0, 2])}, "labels must be 0 to 1; got 0 to 2"),
        ({"classes": ["cat"]}, "classes must name the 2 answers"),
        (
            {"data": (["a", "b"], ["cat", "cow"]), "classes": ["cat", "dog"]},
            r"labels must be among \['cat', 'dog'\]; got \['cow'\]",
        ),
        ({"tags": ["x"]}, "tags for each of the 2 examples.*got 1"),
    ],
)
def test_what_does_not_fit_together(arguments, match):
    given = {"model": [[0.9, 0.1], [0.2, 0.8]], "data": (["a", "b"], [0, 1])}
    with pytest.raises(ValueError, match=match):
        error_analysis(**given | arguments)
