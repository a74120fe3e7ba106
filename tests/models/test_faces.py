"""Networks for faces: published sizes, the same numbers as the originals, what each must do."""

import functools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

import dlzoo
from dlzoo.errors import WeightsError
from dlzoo.models.loading import design_of
from dlzoo.testing import gradients
from tests.models.test_parity import TOLERANCE
from tests.models.test_saving import ORDERS, in_a_fresh_process
from tests.models.zoo import BIAS_BEFORE_NORM, NOTHING, answer, count, fill, images, outputs
from tests.references.draw import draw, image, sample
from tests.references.files import Golden, write_keras_h5

GOLDENS = Path(__file__).parents[1] / "references" / "faces"
DATA = os.environ.get("DLZOO_TEST_DATA")
needs_data = pytest.mark.skipif(
    not DATA, reason="DLZOO_TEST_DATA does not name the folder with real data"
)


@dataclass(frozen=True)
class Row:
    """A small network for faces, and the images it takes."""

    name: str
    shape: tuple[int, int, int]
    options: dict = field(default_factory=dict, hash=False)
    gain: float = 0.5
    no_gradient: str = NOTHING

    def build(self, **more):
        arguments = {"dimensions": 16, "input_shape": self.shape}
        return dlzoo.create_model(self.name, **arguments | self.options | more)

    def images(self, batch=4, seed=0):
        """What it is shown: a batch, or two for a network that compares."""
        first = images(batch, *self.shape, seed=seed)
        if self.name != "siamese":
            return first
        return [first, images(batch, *self.shape, seed=seed + 1)]


ROWS = {
    "mobilefacenet": Row("mobilefacenet", (48, 33, 3)),
    "siamese": Row("siamese", (32, 32, 1), {"backbone": "lenet5", "pooling": None}, 1.0),
    "openface": Row("openface_nn4_small2", (65, 70, 3), {}, 1.0, BIAS_BEFORE_NORM),
    "facenet": Row("facenet", (76, 75, 3), {"input_shape": (None, None, 3)}, 1.0),
}
SLOW = ("openface", "facenet")  # but for what the others do not show


numbers = keras.ops.convert_to_numpy


@functools.cache
def built(row):
    """With weights that are not degenerate; made once, not to be changed."""
    keras.utils.set_random_seed(0)
    return fill(row.build(), row.gain)


def each(*names, slow=SLOW):
    """Rows by name; the larger networks are slow."""
    rows = []
    for name in names or ROWS:
        marks = [pytest.mark.slow] if name in slow else []
        rows.append(pytest.param(ROWS[name], id=name, marks=marks))
    return pytest.mark.parametrize("row", rows)


@pytest.mark.parametrize(
    "name, shape, parameters, work",
    [
        # The paper prints 0.99 M and 221 M multiply-adds; 999,552 at 112 x 96 (below).
        ("mobilefacenet", (112, 112, 3), 1_003_136, 0.221),
        ("openface_nn4_small2", (96, 96, 3), 3_733_968, 0.200),  # printed in its definition
        pytest.param(  # facenet-pytorch 2.6.0 without logits
            "facenet", (160, 160, 3), 23_482_624, 1.418, marks=pytest.mark.slow
        ),
        # MobileNetV2's body, 128 numbers of 1280, a weight each and a bias; two images
        ("siamese", None, 2_223_872 + 1280 * 128 + 129, 2 * 0.2996),
    ],
)
def test_cards(name, shape, parameters, work):
    card = dlzoo.card(name)
    assert card.task == "faces"
    assert name in dlzoo.list_models(task="faces")
    model = dlzoo.create_model(name, input_shape=shape)
    found = dlzoo.profile(model)
    assert count(model) == found.trainable_parameters == parameters
    assert card.parameters[card.default_origin] == parameters
    assert found.multiply_adds / 1e9 == pytest.approx(work, rel=0.003)
    assert card.gmacs == pytest.approx(work, rel=0.003)
    assert found.not_counted == ()


def test_published_weights_of_facenet():
    card = dlzoo.card("facenet")
    assert card.weights_names == ("vggface2", "casia-webface")
    for weights in card.weights:
        assert weights.url.startswith("https://github.com/timesler/facenet-pytorch/releases/")
        assert (weights.licence, weights.hash) == ("MIT", None)  # none is published
    with pytest.raises(ValueError, match=r"nothing is published for .* dimensions=128"):
        dlzoo.models.facenet("vggface2", dimensions=128)


def largest_error(model, golden):
    """Of all stages and the embedding, in standard deviations."""
    errors = {}
    (size,) = golden.sizes
    pixels = keras.ops.convert_to_tensor(image((2, *size, 3), seed=size[0]))
    taps = [tap for tap in golden.taps(size) if tap != "head"]
    found = outputs(dlzoo.features(model, taps), pixels) | {"head": outputs(model, pixels)}
    for tap, value in found.items():
        expected, shape, std = golden.expected(size, tap)
        assert tuple(value.shape) == shape
        got = sample(keras.ops.convert_to_numpy(value))
        errors[tap] = np.abs(got - expected).max() / std
    return max(errors.values())


def of_the_golden(name, folder):
    """The golden, and a model with its weights, through the public loader."""
    golden = Golden.read(name, GOLDENS)
    path = folder / "published.safetensors"
    save_file(golden.state(), path)
    (size,) = golden.sizes
    if name == "torch-facenet":
        size = (None, None)
    return golden, dlzoo.create_model(golden.facts["model"], path, input_shape=(*size, 3))


# Torch divides alpha by the channels; TensorFlow and the Keras ports do not.
WRONG = {
    "torch-mobilefacenet": lambda model: setattr(layer(model, "top").bn, "epsilon", 1e-3),
    "torch-openface_nn4_small2": lambda m: setattr(layer(m, "stage2_norm"), "alpha", 1e-4),
    "torch-facenet": lambda model: setattr(layer(model, "stage4_block7"), "scale", 0.11),
}


@pytest.mark.parametrize(
    "name",
    [
        "torch-mobilefacenet",
        "torch-openface_nn4_small2",
        pytest.param("torch-facenet", marks=pytest.mark.slow),
    ],
)
def test_outputs_equal_the_reference(name, tmp_path):
    golden, model = of_the_golden(name, tmp_path)
    report = model.load_report
    assert (report.layout, report.origin) == ("torch", "torch")
    assert not report.random
    assert not report.unused
    assert largest_error(model, golden) < TOLERANCE
    WRONG[name](model)  # and the tolerance can fail
    assert largest_error(model, golden) > TOLERANCE


def layer(model, name):
    return model.get_layer(name)


@needs_data
def test_the_golden_has_the_tensors_of_the_published_file():
    path = Path(DATA) / "weights" / "mobilefacenet_casia_torch.safetensors"
    with safe_open(path, "numpy") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    shapes = {n: s for n, s in shapes.items() if not n.endswith("num_batches_tracked")}
    state = Golden.read("torch-mobilefacenet", GOLDENS).facts["state"]
    assert {name: list(shape) for name, shape in state.items()} == shapes


@needs_data
def test_real_weights_know_people():
    """Ten people of ORL, three images each, roughly but not exactly aligned."""
    folder = Path(DATA)
    model = dlzoo.models.mobilefacenet(
        folder / "weights" / "mobilefacenet_casia_torch.safetensors",
        normalize=True,
        include_preprocessing=True,
    )
    assert (model.load_report.layout, model.load_report.origin) == ("torch", "torch")
    assert model.load_report.random == model.load_report.unused == ()
    assert len(model.load_report.loaded) == len(model.weights)
    paths = [
        folder / "orl_faces" / f"s{n}" / f"{m}.png" for n in range(31, 41) for m in (1, 2, 3)
    ]
    faces = [Image.open(path).convert("RGB").resize((96, 112)) for path in paths]
    found = answer(model, np.stack(faces).astype("float32"))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    people = np.repeat(np.arange(10), 3)
    cosines, same = found @ found.T, people[:, None] == people
    pairs = np.triu(np.ones_like(same), 1)
    alike, others = cosines[same & pairs], cosines[~same & pairs]
    assert alike.mean() > 0.6 > 0.2 > others.mean()  # measured: 0.71 and 0.14
    # The share of pairs in the right order: the area under the curve, 0.99.
    assert (alike[:, None] > others).mean() > 0.98


@each("openface", "facenet", slow=["facenet"])
def test_embeddings_of_unit_length(row):
    model, x = built(row), row.images()
    last = {"openface": "embedding", "facenet": "embedding_bn"}[row.name.partition("_")[0]]
    raw = numbers(outputs(dlzoo.features(model, [last]), x)[last])
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    assert lengths.std() > 0
    np.testing.assert_allclose(answer(model, x), raw / lengths, rtol=1e-4, atol=1e-6)


def test_preprocessing_inside():
    row = ROWS["mobilefacenet"]
    raw = row.build(include_preprocessing=True)
    raw.set_weights(built(row).get_weights())
    pixels = np.random.default_rng(1).integers(0, 256, (2, *row.shape)).astype("float32")
    expected = answer(built(row), (pixels - 127.5) / 128)
    np.testing.assert_allclose(answer(raw, pixels), expected, rtol=1e-4, atol=1e-4)


def test_what_images_are_expected():
    half = (1, (127.5,), (128,), "rgb")
    expected = {"mobilefacenet": half, "facenet": half,
                "openface_nn4_small2": (1 / 255, (0,), (1,), "rgb")}  # fmt: skip
    for name, wanted in expected.items():
        card = dlzoo.card(name)
        for facts in (card.preprocessing_for(), *(w.preprocessing for w in card.weights)):
            assert (facts.scale, facts.mean, facts.std, facts.channel_order) == wanted
            assert (facts.size, facts.crop_fraction) == (card.input_size, 1)
    model = ROWS["siamese"].build(include_preprocessing=True)  # the backbone's
    inside = model.get_layer("body").get_layer("preprocessing")
    facts = dlzoo.card("lenet5").preprocessing_for()
    assert (inside.scale, inside.mean) == (facts.scale, facts.mean)


@each()
def test_every_weight_learns(row):
    model = built(row)
    x = row.images()
    state = [v.value for v in model.non_trainable_variables]
    projection = images(4, model.output_shape[-1], seed=1)

    def objective(values):
        found, _ = model.stateless_call(list(values), state, x, training=True)
        return keras.ops.sum(found * projection)

    weights = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
    slopes = dict(zip(weights, gradients(objective, list(weights.values())), strict=True))
    assert all(np.isfinite(slope).all() for slope in slopes.values())
    learn = [path for path in slopes if not re.search(row.no_gradient, path)]
    assert [path for path in learn if not np.abs(slopes[path]).max() > 0] == []


@pytest.mark.backend
@each("siamese")
def test_a_step(row):
    keras.utils.set_random_seed(0)
    model = row.build()
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    x, y = [keras.ops.convert_to_numpy(part) for part in row.images()], np.array([[0], [1]] * 2)
    before = model.get_weights()
    losses = [float(model.train_on_batch(x, y)) for _ in range(3)]
    assert losses[2] < losses[0]
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


@each()
def test_mixed_precision(row):
    exact = built(row)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = row.build()
    finally:
        keras.config.set_dtype_policy(before)
    mixed.set_weights(exact.get_weights())
    x = row.images()
    assert keras.backend.standardize_dtype(mixed(x, training=False).dtype) == "float32"
    if row.name == "siamese":  # whose answer is between 0 and 1
        x, mixed, exact = x[0], mixed.get_layer("body"), exact.get_layer("body")
    found, expected = numbers(mixed(x, training=False)), answer(exact, x)
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.1 * expected.std()


@pytest.mark.slow
def test_models_that_were_saved_answer_the_same_in_a_fresh_process(tmp_path):
    expected = {}
    for name in ("mobilefacenet", "facenet"):
        row = ROWS[name]
        model = fill(row.build(include_preprocessing=True), row.gain)
        x = row.images(1) * 60.0 + 120.0
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.input.npy", keras.ops.convert_to_numpy(x))
        expected[name] = answer(model, x)
    in_a_fresh_process(tmp_path, ORDERS["dlzoo first"])
    for name, value in expected.items():
        found = np.load(tmp_path / f"{name}.found.npy")
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


@each("mobilefacenet", "openface", "facenet")
def test_our_own_files(row, tmp_path):
    path = tmp_path / "some.weights.h5"
    built(row).save_weights(path)
    model = row.build()
    report = dlzoo.load_weights(model, path)
    assert (report.layout, report.random, report.unused) == ("dlzoo", (), ())
    for one, two in zip(model.get_weights(), built(row).get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def write_csv(folder, state):
    """The folder that the Keras ports read, a file a tensor, in Torch's order of axes."""
    folder.mkdir()
    leaves = {"kernel": "w", "gamma": "w", "bias": "b", "beta": "b",
              "moving_mean": "m", "moving_variance": "v"}  # fmt: skip
    for name, value in state.items():
        layer, leaf = name.replace("dense_layer", "dense").split("/")
        axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[value.ndim]
        text = "\n".join(map(str, value.transpose(axes).reshape(-1).tolist()))
        (folder / f"{layer}_{leaves[leaf]}.csv").write_text(text)
    return folder


@pytest.mark.parametrize("form", ["h5", pytest.param("csv", marks=pytest.mark.slow)])
def test_openface_of_the_keras_ports(form, tmp_path):
    model = dlzoo.models.openface_nn4_small2(input_shape=(65, 65, 3))
    theirs = dict(design_of(model.name).layouts["keras"])
    state = {}
    for variable in model.variables:
        ours, _, leaf = variable.path.rpartition("/")
        shape = tuple(variable.shape)
        state[f"{theirs[ours]}/{leaf}"] = draw(variable.path, shape, 1.0)
    some = {"conv1/kernel", "inception_3a_5x5_conv2/bias", "inception_4e_3x3_bn1/gamma",
            "inception_5b_pool_bn/moving_variance", "dense_layer/kernel"}  # fmt: skip
    assert some <= set(state)
    path = tmp_path / "nn4.small2.v1"
    write_keras_h5(path, state) if form == "h5" else write_csv(path, state)
    report = dlzoo.load_weights(model, path)
    layout = {"h5": "keras", "csv": "csv"}[form]
    assert (report.layout, report.origin, report.unused) == (layout, "torch", ())
    for variable in model.variables:
        expected = draw(variable.path, tuple(variable.shape), 1.0)
        np.testing.assert_array_equal(numbers(variable), expected)


@pytest.mark.slow
def test_facenet_for_people_that_it_was_trained_on(tmp_path):
    golden = Golden.read("torch-facenet", GOLDENS)
    rng = np.random.default_rng(0)
    logits = {
        "logits.weight": rng.normal(size=(7, 512)).astype("float32"),
        "logits.bias": rng.normal(size=7).astype("float32"),
    }
    path = tmp_path / "published.safetensors"
    save_file(golden.state() | logits, path)
    shape = (76, 75, 3)
    model = dlzoo.models.facenet(path, input_shape=shape, classes=7)
    assert model.load_report.random == model.load_report.unused == ()
    x = images(2, *shape)
    embedding = numbers(outputs(dlzoo.features(model, ["embedding_bn"]), x)["embedding_bn"])
    expected = embedding @ logits["logits.weight"].T + logits["logits.bias"]
    np.testing.assert_allclose(answer(model, x), expected, rtol=1e-4, atol=1e-3)
    # For other people the head stays random.
    others = dlzoo.models.facenet(input_shape=shape, classes=3)
    report = dlzoo.load_weights(others, path)
    assert report.random == ("head/kernel", "head/bias")
    assert set(report.unused) == set(logits)


def test_siamese_is_the_courses():
    row = ROWS["siamese"]
    model = built(row)
    one, other = row.images()
    body, distance = model.get_layer("body"), model.get_layer("distance")
    assert (body.output_shape, model.output_shape) == ((None, 16), (None, 1))
    f, g = answer(body, one), answer(body, other)
    kernel, bias = distance.get_weights()
    logits = np.abs(f - g) @ kernel + bias
    expected = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(answer(model, [one, other]), expected, rtol=1e-4)
    np.testing.assert_allclose(answer(model, [other, one]), expected, rtol=1e-4)
    raw = row.build(activation=None)
    raw.set_weights(model.get_weights())
    np.testing.assert_allclose(answer(raw, [one, other]), logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options, body",
    [
        ({"pooling": "max", "normalize": True}, (None, 16)),
        ({"input_shape": (64, 96, 3)}, (None, 16)),
        ({"pooling": "avg", "input_shape": (None, 40, 1), "dimensions": 5}, (None, 5)),
        ({"backbone": "vgg_small", "backbone_options": {"batch_norm": True}}, (None, 16)),
    ],
)
def test_bodies_of_siamese(options, body):
    model = ROWS["siamese"].build(**options)
    assert model.get_layer("body").output_shape == body
    assert model.output_shape == (None, 1)


def test_weights_of_siamese(tmp_path):
    """Of the backbone, of the whole, of the body; and back into models that were saved."""
    row = ROWS["siamese"]
    backbone = fill(dlzoo.models.lenet5(input_shape=row.shape, classes=7))
    backbone.save_weights(tmp_path / "backbone.weights.h5")
    model = row.build(weights=tmp_path / "backbone.weights.h5")
    fresh = {"embedding/kernel", "distance/kernel", "distance/bias"}
    assert set(model.load_report.random) == fresh
    theirs = {v.path: numbers(v) for v in backbone.variables}
    for variable in model.variables:
        if variable.path not in fresh:
            np.testing.assert_array_equal(numbers(variable), theirs[variable.path])

    whole = built(row)
    whole.save(tmp_path / "whole.keras")
    whole.save_weights(tmp_path / "whole.weights.h5")
    whole.get_layer("body").save_weights(tmp_path / "body.weights.h5")
    for name, left in (
        ("whole.keras", ()),
        ("whole.weights.h5", ()),
        ("body.weights.h5", ("distance/kernel", "distance/bias")),
    ):
        again = row.build(weights=tmp_path / name)
        assert set(again.load_report.random) == set(left), name
        skip = 2 if left else 0
        pairs = list(zip(again.get_weights(), whole.get_weights(), strict=True))
        for one, two in pairs[: len(pairs) - skip]:
            np.testing.assert_array_equal(one, two)
    saved = keras.saving.load_model(tmp_path / "whole.keras")
    np.testing.assert_array_equal(answer(saved, row.images()), answer(whole, row.images()))
    report = dlzoo.load_weights(saved, tmp_path / "whole.weights.h5")
    assert (report.random, report.unused) == ((), ())
    body = row.build().get_layer("body")
    assert set(dlzoo.load_weights(body, tmp_path / "whole.keras").unused) == {
        "distance/kernel",
        "distance/bias",
    }


@needs_data
def test_real_weights_in_siamese():
    path = Path(DATA) / "weights" / "mobilenet_v2_imagenet_keras.h5"
    model = dlzoo.models.siamese(path, input_shape=(64, 64, 3), include_preprocessing=True)
    report = model.load_report
    assert (report.layout, report.origin) == ("keras", "keras")
    assert len(report.random) == 3


def test_weights_for_images_of_another_size(tmp_path):
    golden = Golden.read("torch-mobilefacenet", GOLDENS)
    path = tmp_path / "published.safetensors"
    save_file(golden.state(), path)
    with pytest.raises(WeightsError, match=r"linear7.* the file is for images of another size"):
        dlzoo.models.mobilefacenet(path, input_shape=(112, 112, 3))


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        (
            "mobilefacenet",
            {"input_shape": (None, 96, 3)},
            "mobilefacenet: height and width must be given, because the last convolution "
            "weighs every place of the feature map; got input_shape=(None, 96, 3). Pass "
            "(112, 96, 3), the size of aligned faces, or (112, 112, 3).",
        ),
        (
            "openface_nn4_small2",
            {"input_shape": (96, None, 3)},
            "openface_nn4_small2: height and width must be given, because zeros are put around",
        ),
        (
            "openface_nn4_small2",
            {"input_shape": (64, 96, 3)},
            "openface_nn4_small2: height must be at least 65 pixels, because the last pooling "
            "needs a feature map of 3 x 3; got 64 in input_shape=(64, 96, 3).",
        ),
        ("facenet", {"input_shape": (74, 96, 3)}, "facenet: height must be at least 75 pixels"),
        ("mobilefacenet", {"input_shape": (16, 96, 3)}, "height must be at least 32 pixels"),
        ("mobilefacenet", {"input_shape": (112, 96)}, "input_shape must be (height, width,"),
        ("facenet", {"dimensions": 0}, "facenet: dimensions must be a whole number"),
        ("mobilefacenet", {"normalize": "yes"}, "normalize must be one of [False, True]"),
        ("facenet", {"origin": "keras"}, "origin must be one of ['torch']; got 'keras'."),
        ("facenet", {"weights": "imagenet"}, "nothing is published for weights 'imagenet'"),
        ("siamese", {"backbone": "unet"}, "siamese: backbone must be one of"),
        ("siamese", {"pooling": "sum"}, "pooling must be one of"),
        ("siamese", {"activation": "softmax"}, "activation must be one of"),
        (
            "siamese",
            {"pooling": None, "input_shape": (None, 64, 3)},
            "siamese: height and width must be given, because the embedding reads every place",
        ),
    ],
)  # fmt: skip
def test_bad_arguments(name, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(dlzoo.models, name)(**arguments)
