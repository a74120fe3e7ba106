"""The networks that paint: what they are made of, and what comes out."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

import dlzoo
from dlzoo.errors import WeightsError
from dlzoo.models.adain import decoder_steps
from dlzoo.models.loading import variables
from dlzoo.testing import gradients
from tests.models.zoo import answer, count, fill, outputs
from tests.references.draw import image, sample
from tests.references.files import FOLDER, Golden

GOLDEN = Golden.read("transformer_net", FOLDER.parent)
TOLERANCE = 1e-4  # of an output's standard deviation


def tiny_encoder():
    """Two convolutions and a pooling, with weights."""
    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Rescaling(1 / 127.5, -1)(image)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="second")(x)
    return fill(keras.Model(image, x, name="tiny"))


def tiny(name, **arguments):
    """A small one with weights that are not degenerate."""
    options = {"width": 4, "blocks": 1} if name == "transformer_net" else {}
    if name == "adain":
        options = {"encoder": tiny_encoder()}
    return fill(dlzoo.create_model(name, **options | arguments))


def pictures(name, height, width, batch=2):
    """What the network is shown."""
    content = ops.convert_to_tensor(127.5 + 60 * image((batch, height, width, 3), seed=1))
    if name == "transformer_net":
        return content
    style = ops.convert_to_tensor(127.5 + 60 * image((batch, 9, 12, 3), seed=2))
    strength = ops.convert_to_tensor(np.linspace(0.5, 1, batch, dtype="float32")[:, None])
    return {"content": content, "style": style, "strength": strength}


each = pytest.mark.parametrize("name", ["transformer_net", "adain"])


def test_the_zoo_lists_them():
    assert dlzoo.list_models(task="style") == ["adain", "transformer_net"]


@each
def test_parameters_are_those_published(name):
    model = dlzoo.create_model(name)
    card = dlzoo.card(name)
    assert count(model) == card.parameters[card.default_origin]
    inputs = {"adain": [(256, 256, 3), (1,), (256, 256, 3)]}.get(name, (256, 256, 3))
    found = dlzoo.profile(model, inputs).multiply_adds / 1e9
    assert found == pytest.approx(card.gmacs, rel=1e-3)
    text = str(card)
    assert (
        f"{count(model):,} (origin {card.default_origin})\n" in text
    )  # not "for None classes"


def test_the_published_counts():
    """The size of pytorch/examples' state, and of the paper's decoder."""
    sizes = [int(np.prod(shape)) for shape in GOLDEN.facts["state"].values()]
    assert sum(sizes) == dlzoo.card("transformer_net").parameters["torch"] == 1_679_235
    pairs = [
        (512, 256),
        *3 * [(256, 256)],
        (256, 128),
        (128, 128),
        (128, 64),
        (64, 64),
        (64, 3),
    ]
    decoder = sum(9 * inputs * outputs + outputs for inputs, outputs in pairs)
    assert decoder == dlzoo.card("adain").parameters["paper"]


@pytest.mark.backend
@pytest.mark.parametrize("size", GOLDEN.sizes, ids=str)
def test_transformer_net_is_that_of_pytorch(size, tmp_path):
    model = dlzoo.models.transformer_net(GOLDEN.write(tmp_path))
    assert model.load_report.random == model.load_report.unused == ()
    taps = GOLDEN.taps(size)
    assert len(taps) == 11
    pixels = ops.convert_to_tensor(127.5 + 60 * image((2, *size, 3), seed=size[0]))
    found = outputs(dlzoo.features(model, taps), pixels)
    for tap in taps:
        expected, shape, std = GOLDEN.expected(size, tap)
        assert tuple(found[tap].shape) == shape
        assert (
            np.abs(sample(ops.convert_to_numpy(found[tap])) - expected).max() / std < TOLERANCE
        )


def test_the_tolerance_sees_a_wrong_epsilon(tmp_path):
    model = dlzoo.models.transformer_net(GOLDEN.write(tmp_path))
    model.get_layer("res3_conv1").norm.epsilon = 1e-2
    size = GOLDEN.sizes[0]
    pixels = ops.convert_to_tensor(127.5 + 60 * image((2, *size, 3), seed=size[0]))
    expected, _, std = GOLDEN.expected(size, "picture")
    found = sample(answer(model, pixels))
    assert np.abs(found - expected).max() / std > TOLERANCE


def test_files_with_the_averages_of_old_versions(tmp_path):
    averages = {f"in{n}.running_mean": np.zeros(w, "float32") for n, w in ((1, 32), (2, 64))}
    path = GOLDEN.write(tmp_path, GOLDEN.state() | averages)
    report = dlzoo.load_weights(dlzoo.models.transformer_net(), path)
    assert report.unused == ("in1.running_mean", "in2.running_mean")
    (tmp_path / "less").mkdir()
    state = {key: value for key, value in GOLDEN.state().items() if key != "in5.bias"}
    with pytest.raises(WeightsError, match="not filled: up2/norm/beta"):
        dlzoo.models.transformer_net(GOLDEN.write(tmp_path / "less", state))


@each
@pytest.mark.parametrize("size", [(16, 24), (13, 18), (5, 31)], ids=str)
def test_a_picture_comes_out_in_its_own_size(name, size):
    model = tiny(name)
    assert model.output_shape == (None, None, None, 3)
    found = answer(model, pictures(name, *size))
    assert found.shape == (2, *size, 3)
    assert np.isfinite(found).all()
    fixed = tiny(name, input_shape=(*size, 3))
    np.testing.assert_allclose(
        answer(fixed, pictures(name, *size)), found, rtol=1e-4, atol=1e-3
    )


@each
def test_an_untrained_network_paints_grey(name):
    options = {"encoder": tiny_encoder()} if name == "adain" else {"width": 4, "blocks": 1}
    found = answer(dlzoo.create_model(name, **options), pictures(name, 16, 16))
    assert 100 < found.mean() < 155


@each
def test_every_weight_learns(name):
    model = tiny(name)
    frozen = [v.value for v in model.non_trainable_variables]
    x, slope = pictures(name, 12, 12), ops.convert_to_tensor(image((2, 12, 12, 3), seed=3))

    def objective(values):
        return ops.sum(slope * model.stateless_call(list(values), frozen, x, training=True)[0])

    if keras.backend.backend() == "jax":
        import jax

        objective = jax.jit(objective)
    weights = {v.path: ops.convert_to_numpy(v) for v in model.trainable_variables}
    found = dict(zip(weights, gradients(objective, list(weights.values())), strict=True))
    normed = {path.rpartition("/norm/")[0] for path in found if "/norm/" in path}
    for path, gradient in found.items():
        assert np.isfinite(gradient).all(), path
        if path.removesuffix("/conv/bias") not in normed:  # the norm takes that bias away
            assert np.abs(gradient).max() > 0, path
    assert not any("first" in path or "second" in path for path in found)  # the encoder's


def test_strength():
    """0 is the content's own features, whatever the style; 1 is the style's statistics."""
    model = tiny("adain")
    x = pictures("adain", 16, 16)
    other = x | {"style": x["style"][:, ::-1] * 0.3}
    none = {"strength": ops.zeros((2, 1))}
    np.testing.assert_allclose(answer(model, x | none), answer(model, other | none), rtol=1e-4)
    assert np.abs(answer(model, x) - answer(model, other)).max() > 1


def test_mirrors_of_encoders():
    assert decoder_steps(tiny_encoder()) == [(4, 1), (3, 2)]
    encoder = tiny_encoder()
    pooled = keras.layers.AveragePooling2D(2)(encoder.output)
    assert decoder_steps(keras.Model(encoder.input, pooled)) == [(4, 2), (3, 2)]
    mobile = dlzoo.models.mobilenet_v2(classes=0, input_shape=(None, None, 3))
    steps = decoder_steps(dlzoo.features(mobile, ["stage2"]))
    assert steps == [(24, 1), (16, 2), (32, 1), (3, 2)]
    residual = dlzoo.models.resnet18(classes=0, input_shape=(None, None, 3))
    assert decoder_steps(dlzoo.features(residual, ["stage1"])) == [(64, 1), (64, 1), (3, 4)]


def test_a_fresh_process_paints_the_same(tmp_path):
    models = {name: tiny(name) for name in ("transformer_net", "adain")}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
        x = pictures(name, 13, 18)
        arrays = {"image": x} if name == "transformer_net" else x
        arrays = {key: ops.convert_to_numpy(value) for key, value in arrays.items()}
        np.savez(tmp_path / f"{name}.npz", **arrays)
    code = """
import dlzoo, keras, numpy as np
for name in ("transformer_net", "adain"):
    model = keras.saving.load_model(f"{name}.keras")
    x = dict(np.load(f"{name}.npz"))
    found = model(x.get("image", x), training=False)
    np.save(f"{name}.npy", keras.ops.convert_to_numpy(found))
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    for name, model in models.items():
        found, expected = (
            np.load(tmp_path / f"{name}.npy"),
            answer(model, pictures(name, 13, 18)),
        )
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_weights_alone(tmp_path):
    model = tiny("transformer_net")
    model.save_weights(tmp_path / "x.weights.h5")
    again = dlzoo.models.transformer_net(tmp_path / "x.weights.h5", width=4, blocks=1)
    for one, two in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(WeightsError, match="transformer_net: weights do not fit"):
        dlzoo.models.transformer_net(tmp_path / "x.weights.h5", width=8, blocks=1)


@pytest.mark.slow
def test_adains_weights_alone(tmp_path):
    options = {"encoder": "vgg16", "layer": "stage2_conv1"}
    model = fill(dlzoo.models.adain(**options))
    model.save_weights(tmp_path / "x.weights.h5")
    again = dlzoo.models.adain(tmp_path / "x.weights.h5", **options)
    assert set(again.load_report.loaded) == set(variables(model))
    np.testing.assert_allclose(
        answer(again, pictures("adain", 16, 16)), answer(model, pictures("adain", 16, 16))
    )
    with pytest.raises(WeightsError, match="adain: weights alone load only where the encoder"):
        dlzoo.load_weights(tiny("adain"), tmp_path / "x.weights.h5")


@each
def test_mixed_precision(name):
    expected = answer(tiny(name), pictures(name, 16, 16))
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny(name)
        found = model(pictures(name, 16, 16), training=False)
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    error = ops.convert_to_numpy(found) - expected
    assert np.sqrt(np.mean(error**2)) < 0.1 * expected.std()


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("transformer_net", {"width": 0}, "width must be a whole number of at least 1"),
        ("transformer_net", {"blocks": -1}, "blocks must be a whole number of at least 0"),
        ("transformer_net", {"origin": "keras"}, r"origin must be one of \['torch'\]"),
        ("transformer_net", {"input_shape": (4, 8, 3)}, "height must be at least 5 pixels"),
        ("transformer_net", {"input_shape": (8, 8, 1)}, "channels must be 3, because pictures"),
        ("transformer_net", {"classes": 10}, "classes must be left out, .* got 10"),
        ("adain", {"input_shape": 256}, "input_shape must be"),
        ("adain", {"origin": "torch"}, r"origin must be one of \['paper'\]"),
        ("adain", {"encoder_weights": "imagenet"}, "encoder_weights must be None for a model"),
        ("adain", {"layer": "third"}, "names must be stages .* got 'third'"),
    ],
)
def test_bad_arguments(name, arguments, message):
    options = {"encoder": tiny_encoder()} if name == "adain" else {}
    with pytest.raises(ValueError, match=message):
        dlzoo.create_model(name, **options | arguments)


def test_an_encoder_must_end_in_a_feature_map():
    image = keras.Input((8, 8, 3))
    encoder = keras.Model(image, keras.layers.Flatten()(image))
    with pytest.raises(ValueError, match="adain: encoder must end in one feature map"):
        dlzoo.models.adain(encoder=encoder)
