"""Pictures are drawn for few and many, and without pyplot."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dlzoo.classification.heads.scores import LabelScore
from dlzoo.visualize import (
    confusion_matrix,
    gallery,
    label_scores,
    learning_curves,
    save_figure,
    true_against_predicted,
)

RNG = np.random.default_rng(0)


def record(stage, epoch, **values):
    return {"stage": stage, "epoch": epoch, "loss": 1 / epoch, **values}


def texts(figure):
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_curves_show_train_dev_stages_and_what_was_kept():
    history = [
        record("head", 1, val_loss=0.9, accuracy=0.5, val_accuracy=0.4, improved=True),
        record("head", 2, val_loss=0.8, accuracy=0.6, val_accuracy=0.5, improved=True),
        record("all layers", 1, val_loss=1, accuracy=0.6, val_accuracy=0.4, improved=False),
    ]
    figure = learning_curves(history)
    assert [axes.get_title("left") for axes in figure.axes] == ["loss", "accuracy"]
    train, dev, kept = figure.axes[0].lines[:3]
    assert list(train.get_ydata()) == [1, 0.5, 1]
    assert list(dev.get_ydata()) == [0.9, 0.8, 1]
    assert (list(kept.get_xdata()), list(kept.get_ydata())) == ([2], [0.8])
    assert texts(figure).count("all layers") == 2


def test_curves_of_many_metrics_are_four_in_a_row():
    names = ["loss", *(f"m{i}_accuracy" for i in range(5))]
    history = [record("head", 1, improved=True, **dict.fromkeys(names[1:], 0.5))]
    figure = learning_curves(history, names)
    assert [axes.get_title("left") for axes in figure.axes] == names
    assert figure.get_size_inches()[0] == pytest.approx(4 * 5.2)
    assert figure.axes[1].yaxis.get_major_formatter()(0.5).startswith("50")


def test_curves_without_dev():
    history = [record("head", 1, improved=True)]
    figure = learning_curves(history, metrics=["loss", "auc"])  # auc is of dev only
    (panel,) = figure.axes
    assert [line.get_text() for line in panel.get_legend().get_texts()] == ["train"]


def test_the_name_of_a_stage_needs_room():
    history = [record("head", 1, improved=True)]
    history += [record("all layers", epoch, improved=True) for epoch in range(1, 31)]
    assert "head" not in texts(learning_curves(history, ["loss"])).split()


@pytest.mark.parametrize("count", [2, 20, 45, 120])
def test_confusion_matrices_of_any_size(count, tmp_path):
    matrix = RNG.integers(0, 3, (count, count)) + 20 * np.eye(count, dtype=int)
    matrix[1, 0] = 99
    classes = [f"class number {i}" for i in range(count)]
    figure = confusion_matrix(matrix, classes, title="dev")
    save_figure(figure, tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as picture:
        assert max(picture.size) < 2500
    assert ("99" in texts(figure).split()) == (count not in (45,))
    if count == 120:
        assert "1 class number 1" in texts(figure)


def test_a_class_without_examples_is_no_division_by_zero():
    figure = confusion_matrix([[0, 0], [1, 3]], ["a", "b"])
    assert "3" in texts(figure)


@pytest.mark.parametrize("count", [1, 3, 100])
def test_scores_of_labels_the_worst_on_top(count, tmp_path):
    labels = [
        LabelScore(f"label {i}", 0.5, i / count, i / count, None, i) for i in range(count)
    ]
    figure = label_scores(labels[::-1], title="dev")
    save_figure(figure, tmp_path / "labels.png")
    (panel,) = figure.axes
    names = [tick.get_text() for tick in panel.get_yticklabels()]
    assert names == [f"label {i} ({i})" for i in range(min(count, 40))]
    assert ("the worst 40 of 100 labels" in panel.get_title("left")) == (count == 100)


def test_quantities_against_the_truth(tmp_path):
    true = np.array([1.0, 2.0, 4.0])
    figure = true_against_predicted(true, true + 1, name="age")
    save_figure(figure, tmp_path / "scatter.png")
    (panel,) = figure.axes
    np.testing.assert_array_equal(panel.collections[0].get_offsets(), np.c_[true, true + 1])
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("age, true", "age, predicted")


@pytest.mark.parametrize("count", [0, 1, 7])
def test_galleries(count, tmp_path):
    images = [RNG.integers(0, 256, (8 + i, 12, 3), "uint8") for i in range(count)]
    figure = gallery(images, [f"image {i}\nlong {'x' * 50}" for i in range(count)])
    save_figure(figure, tmp_path / "gallery.png")
    assert texts(figure).count("image") == count
    assert "x" * 40 not in texts(figure)


def test_pyplot_is_not_imported():
    code = "import sys, dlzoo.visualize; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
