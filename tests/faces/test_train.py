"""`dlzoo.faces.train`: what it learns, what it leaves, what it refuses."""

import json

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo import faces
from dlzoo.data import open_people
from dlzoo.errors import CollapseError, DataError
from dlzoo.faces import FaceReport, one_shot_accuracy
from dlzoo.faces.person_batches import PersonBatches
from dlzoo.faces.train_scores import sampled
from dlzoo.layers import ImagePreprocessing
from dlzoo.losses import TripletLoss
from dlzoo.metrics import EmbeddingSpread
from dlzoo.training import CollapseGuard
from tests.faces.people import SIZE, draw_people, tiny_network

QUICK = {
    "weights": None,
    "epochs": 12,
    "learning_rate": 1e-2,
    "batch_size": 24,
    "images_per_person": 4,
    "augment": False,
    "people": {"dev": ["p00", "p01", "p02", "p03"], "test": ["p04", "p05", "p06"]},
}
FILES = {
    "distances.png",
    "history.json",
    "learning_curves.png",
    "model.keras",
    "pairs.png",
    "report.json",
    "report.txt",
    "run.json",
}


@pytest.fixture(scope="session")
def crowd(tmp_path_factory):
    """20 people with 6 images each."""
    return draw_people(tmp_path_factory.mktemp("data") / "crowd")


def train(data, **arguments):
    return faces.train(tiny_network(), data, **QUICK | arguments)


@pytest.fixture(scope="module")
def trained(crowd, tmp_path_factory):
    return train(crowd, out=tmp_path_factory.mktemp("out") / "run")


def without_times(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


def test_strangers_are_told_apart_better_than_before(trained):
    first, *_, last = trained.history
    assert trained.report.auc > 0.85
    assert last["loss"] < first["loss"]
    assert "val_loss" not in last
    best = max(record["val_auc"] for record in trained.history)
    assert trained.report.splits["dev"].auc == pytest.approx(best, abs=1e-3)
    test = trained.report.splits["test"]
    assert (test.people, test.images, test.same, test.different) == (3, 18, 45, 108)


def test_the_folder_holds_what_was_promised(trained):
    assert {path.name for path in trained.folder.iterdir()} == FILES
    values = json.loads((trained.folder / "report.json").read_text())
    assert FaceReport.from_dict(values) == trained.report
    text = (trained.folder / "report.txt").read_text()
    for part in ("triplet loss, 16 dimensions", "one shot", "Worst", "p04"):
        assert part in text
    assert len(trained.report.worst) == 12


def test_the_model_takes_raw_pixels_and_gives_unit_vectors(trained, crowd):
    found = dlzoo.predict(trained.folder, crowd / "p05")
    assert isinstance(found[0], faces.Embedded)
    vectors = np.stack([one.vector for one in found])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    model = keras.saving.load_model(trained.folder / "model.keras")
    assert model.output_shape == (None, 16)


def test_a_run_that_has_ended_is_loaded(trained, crowd):
    again = train(crowd, out=trained.folder)
    assert again.report == trained.report
    with pytest.raises(DataError, match=r"settings\.mining: 'semi_hard' there"):
        train(crowd, out=trained.folder, mining="batch_hard")


@pytest.mark.slow
def test_interrupted_it_goes_on_to_the_same_result(trained, crowd, tmp_path, monkeypatch):
    deal, left = PersonBatches.__getitem__, [9]

    def interrupted(self, step):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return deal(self, step)

    monkeypatch.setattr(PersonBatches, "__getitem__", interrupted)
    with pytest.raises(BaseException):  # noqa: B017  TensorFlow wraps the interrupt
        train(crowd, out=tmp_path / "run")
    monkeypatch.setattr(PersonBatches, "__getitem__", deal)
    assert (tmp_path / "run" / "checkpoint.npz").exists()
    resumed = train(crowd, out=tmp_path / "run")
    assert without_times(resumed.history) == without_times(trained.history)
    assert resumed.report.splits == trained.report.splits


@pytest.mark.parametrize(
    "arguments",
    [
        {"loss": "triplet", "mining": "batch_all", "dimensions": 8},
        {"loss": "contrastive", "dropout": 0.1},
        {"loss": "arcface", "scale": 8.0, "augment": ["shift"]},
    ],
    ids=["batch_all", "contrastive", "arcface"],
)
@pytest.mark.slow
def test_other_losses(crowd, arguments):
    result = train(crowd, epochs=4, **arguments)
    losses = [record["loss"] for record in result.history]
    assert losses[-1] < losses[0]
    assert result.model.output_shape == (None, arguments.get("dimensions", 16))


@pytest.mark.slow
def test_a_siamese_network_answers_for_pairs(crowd):
    result = train(crowd, epochs=2, loss="siamese")
    part = open_people(crowd, people=QUICK["people"]).splits["test"]
    images = dlzoo.data.decode(part.paths, SIZE).astype("float32")
    one, other = images[:4], images[[4, 9, 11, 13]]
    answer = keras.ops.convert_to_numpy(result.model([one, other], training=False))
    back = keras.ops.convert_to_numpy(result.model([other, one], training=False))
    np.testing.assert_allclose(answer, back, atol=1e-6)
    assert answer.shape == (4, 1)
    embedder = result.model.get_layer("body")
    vectors = keras.ops.convert_to_numpy(embedder(images, training=False))
    kernel, bias = result.model.get_layer("distance").get_weights()
    logits = np.abs(vectors[:4] - vectors[[4, 9, 11, 13]]) @ kernel + bias
    np.testing.assert_allclose(answer, 1 / (1 + np.exp(-logits)), atol=1e-5)


@pytest.mark.backend
def test_an_epoch_on_this_backend(crowd):
    result = train(crowd, epochs=2)
    assert result.history[1]["loss"] < result.history[0]["loss"]
    assert 0 <= result.report.auc <= 1


def one_point():
    """A network that answers the same to everything, and has no slope to leave it."""
    image = keras.Input((*SIZE, 3))
    x = ImagePreprocessing(1 / 255, (0, 0, 0), (1, 1, 1))(image)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(4, kernel_initializer="zeros", bias_initializer="ones")(x)
    return keras.Model(image, x, name="point")


def test_a_collapse_is_said(crowd, tmp_path):
    with pytest.raises(CollapseError, match="All embeddings have become one point") as found:
        faces.train(one_point(), crowd, **QUICK | {"mining": "batch_hard"}, out=tmp_path / "r")
    for words in ("the loss is 0.2", "end of epoch 2", "mining='semi_hard'", "learning rate"):
        assert words in str(found.value)


def test_the_guard_watches_any_fit():
    """In a training of one's own; a short standstill is none."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 3)), np.repeat(np.arange(4), 4)
    layer = keras.layers.Dense(2, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile("sgd", TripletLoss(mining="batch_hard"), metrics=[EmbeddingSpread()])
    with pytest.raises(CollapseError, match="end of epoch 3"):
        model.fit(x, y, epochs=5, verbose=0, callbacks=[CollapseGuard(0.2, patience=3)])
    layer.kernel.assign(rng.normal(size=(3, 2)))
    model.fit(x, y, epochs=2, verbose=0, callbacks=[CollapseGuard(0.2)])
    with pytest.raises(ValueError, match="CollapseGuard: metric must be one of the metrics"):
        CollapseGuard(0.2).on_epoch_end(0, {"loss": 0.2})


def test_spread_is_the_mean_squared_distance():
    x = np.random.default_rng(1).normal(size=(7, 3)).astype("float32")
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    metric = EmbeddingSpread(normalize=False)
    metric.update_state(np.zeros(7), x)
    assert float(metric.result()) == pytest.approx(squares[np.triu_indices(7, 1)].mean())
    metric.update_state(np.zeros(1), x[:1])
    assert float(metric.result()) < squares[np.triu_indices(7, 1)].mean()


def test_one_shot_is_that_of_loops():
    rng = np.random.default_rng(2)
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3])
    apart = rng.uniform(size=(9, 9))
    shots = []
    for shot in range(3):
        images = [np.flatnonzero(labels == who) for who in range(4)]
        enrolled = [mine[shot % len(mine)] for mine in images]
        right = [
            labels[enrolled[np.argmin(apart[i, enrolled])]] == labels[i]
            for i in range(9)
            if i not in enrolled
        ]
        shots.append(np.mean(right))
    assert one_shot_accuracy(apart, labels) == pytest.approx(np.mean(shots))


def test_many_people_are_sampled_whole():
    labels = np.repeat(np.arange(100), 7)
    chosen = sampled(labels, most=50, seed=3)
    assert len(chosen) == 49
    assert (np.bincount(labels[chosen])[np.unique(labels[chosen])] == 7).all()
    assert (sampled(labels, most=50, seed=3) == chosen).all()
    assert len(sampled(labels)) == 700


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"loss": "softmax"}, "loss must be one of"),
        ({"mining": "easy"}, "mining must be one of"),
        ({"margin": -1.0}, "margin must be between"),
        ({"batch_size": 30}, "batch_size must be images_per_person times"),
        ({"batch_size": 4}, "at least 2; got 4"),
        ({"class_weights": "balanced"}, "class_weights must be None for faces"),
        ({"backbone": "resnet18"}, "backbone must be None"),
        ({"model_options": {"alpha": 1}}, "model_options must be None for a keras.Model"),
        ({"weights": "auto", "unfreeze": "head"}, "it has no head of its own"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(crowd, tmp_path, arguments, match):
    with pytest.raises(ValueError, match=match):
        train(crowd, out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


def test_a_siamese_network_has_its_own_loss(crowd):
    with pytest.raises(ValueError, match="loss must be None or 'siamese'"):
        faces.train("siamese", crowd, loss="triplet")
