"""LeNet-5 against NumPy, what it learns, and grey images out of colour."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import dlzoo
from tests.models.zoo import answer, fill


def convolved(x, kernel, bias):
    """Convolution without padding, in float64."""
    windows = sliding_window_view(x.astype("float64"), kernel.shape[:2], axis=(1, 2))
    return np.einsum("bhwcij,ijco->bhwo", windows, kernel) + bias


def quarters(x, reduce):
    batch, height, width, channels = x.shape
    return reduce(x.reshape(batch, height // 2, 2, width // 2, 2, channels), axis=(2, 4))


def squash(x):
    return 1.7159 * np.tanh(2 / 3 * x)


def weights(model, name):
    return [w.astype("float64") for w in model.get_layer(name).get_weights()]


def built(origin):
    model = fill(dlzoo.models.lenet5(origin=origin, classifier_activation=None))
    return model, np.random.default_rng(0).normal(size=(3, 32, 32, 1)).astype("float32")


def close(model, x, expected):
    assert np.abs(answer(model, x) - expected).max() < 1e-4 * expected.std()


def test_lenet5_is_the_courses():
    model, x = built("course")
    out = x
    for name in ("stage1_conv", "stage2_conv"):
        out = quarters(np.maximum(convolved(out, *weights(model, name)), 0), np.max)
    out = out.reshape(3, 400)
    for name in ("fc1", "fc2", "head"):
        kernel, bias = weights(model, name)
        out = out @ kernel + bias
        out = out if name == "head" else np.maximum(out, 0)
    close(model, x, out)


def test_lenet5_is_the_papers():
    model, x = built("paper")

    def sub_sampled(out, name):
        coefficient, bias = weights(model, name)
        return squash(coefficient * quarters(out, np.sum) + bias)

    out = sub_sampled(squash(convolved(x, *weights(model, "c1"))), "s2")
    kernels, bias = weights(model, "c3")
    dense = np.zeros((5, 5, 6, 16))
    for number, (source, target) in enumerate(model.get_layer("c3").connections):
        dense[:, :, source, target] = kernels[:, :, number]
    out = sub_sampled(squash(convolved(out, dense, bias)), "s4")
    out = squash(convolved(out, *weights(model, "c5"))).reshape(3, 120)
    kernel, bias = weights(model, "f6")
    out = squash(out @ kernel + bias)
    (codes,) = weights(model, "head")
    close(model, x, -((out[:, :, None] - codes) ** 2).sum(axis=1))


@pytest.mark.parametrize("origin", ["course", "paper"])
def test_our_own_files_tell_their_origin(origin, tmp_path):
    model, x = built(origin)
    model.save_weights(tmp_path / "mine.weights.h5")
    same = dlzoo.models.lenet5(tmp_path / "mine.weights.h5", classifier_activation=None)
    assert (same.load_report.origin, same.load_report.random) == (origin, ())
    np.testing.assert_array_equal(answer(same, x), answer(model, x))


def test_colour_becomes_luminance():
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    grey = (pixels @ np.array([0.299, 0.587, 0.114], "float32"))[..., None]
    colour_model, grey_model, bare = (
        fill(dlzoo.models.lenet5(None, 10, (32, 32, channels), include_preprocessing=included))
        for channels, included in ((3, True), (1, True), (1, False))
    )
    expected = answer(bare, grey * 0.005 - 0.1)
    np.testing.assert_allclose(answer(colour_model, pixels), expected, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(answer(grey_model, grey), expected, rtol=1e-3, atol=1e-6)
    layer = bare.get_layer("stage1_conv")
    assert layer.kernel.shape == colour_model.get_layer("stage1_conv").kernel.shape


def test_a_head_needs_the_size():
    with pytest.raises(ValueError, match="lenet5: height and width must be given for a head"):
        dlzoo.models.lenet5(input_shape=(None, 32, 1))
    with pytest.raises(ValueError, match="at least 32 pixels, because less leaves nothing"):
        dlzoo.models.lenet5(input_shape=(31, 32, 1))


def shifted(images, seed):
    """Images moved by up to two pixels."""
    rng = np.random.default_rng(seed)
    moves = rng.integers(-2, 3, (len(images), 2))
    return np.stack([np.roll(x, m, (0, 1)) for x, m in zip(images, moves, strict=True)])


def trained(origin, x, y, epochs, rate=2e-3, batch_size=32):
    """A LeNet-5 on raw pixels, shifted anew in each epoch."""
    keras.utils.set_random_seed(0)
    model = dlzoo.models.lenet5(
        None, 10, x.shape[1:], origin=origin, include_preprocessing=True
    )
    steps = epochs * -(-len(x) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    for epoch in range(epochs):
        model.fit(shifted(x, epoch), y, batch_size, verbose=0)
    return model


def digits():
    """scikit-learn's, 32 x 32 pixels of 0 to 255; a fifth of them for the test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    images = (data.images * (255 / 16)).astype("float32")[..., None]
    images = keras.ops.convert_to_numpy(keras.ops.image.resize(images, (32, 32)))
    return train_test_split(
        images, data.target, test_size=0.2, stratify=data.target, random_state=0
    )


@pytest.mark.slow
@pytest.mark.parametrize("origin, enough", [("course", 0.985), ("paper", 0.96)])
def test_accuracy_on_digits(origin, enough):
    train, test, train_labels, labels = digits()
    model = trained(origin, train, train_labels, epochs=25)
    found = model.predict(test, verbose=0).argmax(axis=1)
    assert np.mean(found == labels) >= enough


def mnist():
    """Keras's copy in its cache, or that of TensorFlow Datasets; None without them."""
    kept = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "datasets", "mnist.npz")
    if kept.exists():
        return keras.datasets.mnist.load_data()
    folder = Path(os.environ.get("TFDS_DATA_DIR", Path.home() / "tensorflow_datasets"))
    if not (folder / "mnist").exists():
        return None
    tfds = pytest.importorskip("tensorflow_datasets", reason="it is not installed")
    parts = tfds.load("mnist", batch_size=-1, data_dir=folder, download=False)
    return [
        (part["image"].numpy()[..., 0], part["label"].numpy())
        for part in (parts["train"], parts["test"])
    ]


@pytest.mark.slow
def test_accuracy_on_mnist():
    data = mnist()
    if data is None:
        pytest.skip("MNIST is not on this machine, and tests download nothing")
    (train, train_labels), (test, labels) = data
    train, test = (
        np.pad(x, ((0, 0), (2, 2), (2, 2)))[..., None].astype("float32") for x in (train, test)
    )
    model = trained("course", train, train_labels, epochs=4, batch_size=128)
    found = model.predict(test, verbose=0, batch_size=500).argmax(axis=1)
    assert np.mean(found == labels) >= 0.99
