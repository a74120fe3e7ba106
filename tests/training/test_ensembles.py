"""The average of several networks, in one file; snapshots at the ends of the cycles."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.layers import ClassLabels, ConvBN, ImagePreprocessing
from dlzoo.training import Snapshots, ensemble

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), "uint8")


def member(seed, labels=("cat", "dog"), size=8):
    """Members that differ in weights and architecture, and share the names of layers."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((size, size, 3), name="image")
    x = ImagePreprocessing(1 / 255, (0.5,) * 3, (0.2,) * 3, name="preprocessing")(image)
    x = ConvBN(2 + seed, 3, name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dense(len(labels), "softmax", name="head")(x)
    return keras.Model(image, ClassLabels(labels, name="labels")(x), name="same")


def answer(model, images=IMAGES):
    return keras.ops.convert_to_numpy(model(images.astype("float32"), training=False))


@pytest.mark.backend
def test_the_average_and_the_members_stay_as_they_were(tmp_path):
    models = [member(seed) for seed in range(3)]
    before = [answer(model) for model in models]
    together = ensemble(models)
    np.testing.assert_allclose(answer(together), np.mean(before, axis=0), atol=1e-6)
    together.layers[1].set_weights([0 * w for w in together.layers[1].get_weights()])
    for model, expected in zip(models, before, strict=True):
        assert model.name == "same"
        np.testing.assert_array_equal(answer(model), expected)


@pytest.mark.slow
def test_saved_and_loaded_with_nothing_but_import_dlzoo(tmp_path):
    together = ensemble([member(1), member(2)])
    together.save(tmp_path / "ensemble.keras")
    np.save(tmp_path / "images.npy", IMAGES.astype("float32"))
    code = (
        "import dlzoo, keras, numpy as np\n"
        f"folder = {str(tmp_path)!r}\n"
        "model = keras.saving.load_model(folder + '/ensemble.keras')\n"
        "np.save(folder + '/answer.npy', model.predict(np.load(folder + '/images.npy')))"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    got = np.load(tmp_path / "answer.npy")
    np.testing.assert_allclose(got, answer(together), atol=1e-6)


def test_predict_gives_the_labels():
    models = [member(1), member(2)]
    prediction = dlzoo.predict(ensemble(models), IMAGES[0])[0]
    expected = np.mean([answer(model)[0] for model in models], axis=0)
    assert prediction.label == ("cat", "dog")[expected.argmax()]
    assert prediction.probability == pytest.approx(expected.max(), abs=1e-6)
    nested = ensemble([ensemble(models[:1]), ensemble(models[1:])])
    assert dlzoo.predict(nested, IMAGES[0])[0].probability == pytest.approx(
        prediction.probability, abs=1e-6
    )


def test_several_targets_keep_their_names():
    def two(seed):
        keras.utils.set_random_seed(seed)
        image = keras.Input((8, 8, 3), name="image")
        x = ImagePreprocessing(1 / 255, (0.5,) * 3, (0.2,) * 3)(image)
        x = keras.layers.GlobalAveragePooling2D()(x)
        kind = keras.layers.Dense(2, "softmax")(x)
        wet = keras.layers.Dense(1, "sigmoid")(x)
        answers = {
            "kind": ClassLabels(["cat", "dog"], "multiclass", "kind", name="kind")(kind),
            "wet": ClassLabels(["no", "yes"], "binary", "wet", name="wet")(wet),
        }
        return keras.Model(image, answers)

    models = [two(1), two(2)]
    prediction = dlzoo.predict(ensemble(models), IMAGES[0])[0]
    expected = [dlzoo.predict(model, IMAGES[0])[0] for model in models]
    for target in ("kind", "wet"):
        for name, got in prediction[target].probabilities.items():
            mean = np.mean([e[target].probabilities[name] for e in expected])
            assert got == pytest.approx(mean, abs=1e-6)
    assert len(prediction.tasks) == 2


def test_several_outputs():
    def two():
        x = keras.Input((3,), name="x")
        one, other = (keras.layers.Dense(n, "softmax", name=f"d{n}")(x) for n in (2, 4))
        return keras.Model(x, {"kind": one, "colour": other})

    first, second = two(), two()
    x = np.ones((1, 3), "float32")
    got, expected = ensemble([first, second])(x), [first(x), second(x)]
    for task in ("kind", "colour"):
        mean = np.mean([keras.ops.convert_to_numpy(e[task]) for e in expected], axis=0)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(got[task]), mean, atol=1e-6)


@pytest.mark.parametrize(
    "models, match",
    [
        (list, "at least one model"),
        (lambda: [keras.Sequential([keras.layers.Dense(2)])], "must be built"),
        (lambda: [member(1), member(1, ("cat", "cow"))], "the same class names.*'cow'"),
        (lambda: [member(1), member(1, ("a", "b", "c"))], "the same output_shape"),
        (lambda: [member(1), member(1, size=9)], "the same input_shape"),
    ],
)
def test_what_cannot_be_averaged(models, match):
    with pytest.raises(ValueError, match=match):
        ensemble(models())


def trained(cycles, epochs):
    """A regression, its snapshots, and what it answered after each epoch."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    y = x @ np.array([[1.0], [2.0], [3.0]], "float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    snapshots = Snapshots(cycles)
    rate = snapshots.schedule(0.05, epochs, steps_per_epoch=2)
    model.compile(keras.optimizers.SGD(rate), "mse")
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()[0])
    )
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, callbacks=[watch, snapshots])
    return snapshots, seen, x


def test_snapshots_are_the_ends_of_the_cycles():
    snapshots, seen, x = trained(cycles=3, epochs=6)
    models = snapshots.models()
    for model, expected in zip(models, seen[1::2], strict=True):
        np.testing.assert_array_equal(model.get_weights()[0], expected)
    assert len(snapshots.models(last=2)) == 2
    np.testing.assert_array_equal(snapshots.models(last=1)[0].get_weights()[0], seen[-1])
    mean = np.mean([answer(model, x) for model in models], axis=0)
    np.testing.assert_allclose(answer(ensemble(models), x), mean, atol=1e-5)


def test_the_rate_is_the_papers():
    """Equation 2: a0 / 2 (cos(pi mod(t - 1, ceil(T / M)) / ceil(T / M)) + 1)."""
    total, cycles = 60, 3
    rate = Snapshots(cycles).schedule(0.2, epochs=6, steps_per_epoch=10)
    got = [float(keras.ops.convert_to_numpy(rate(step))) for step in range(total)]
    t = np.arange(1, total + 1)
    part = np.mod(t - 1, total // cycles) / (total // cycles)
    np.testing.assert_allclose(got, 0.2 / 2 * (np.cos(np.pi * part) + 1), atol=1e-5)


def test_cycles_that_do_not_fit():
    with pytest.raises(ValueError, match=r"multiple of cycles=3.*got 7"):
        Snapshots(3).schedule(0.1, epochs=7, steps_per_epoch=1)
    with pytest.raises(ValueError, match="cycles must be a whole number"):
        Snapshots(0)
    snapshots, _, _ = trained(cycles=2, epochs=2)
    with pytest.raises(ValueError, match=r"last must be at most 2.*got 5"):
        snapshots.models(last=5)
