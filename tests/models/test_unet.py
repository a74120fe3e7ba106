"""The U-Nets: published sizes, the same numbers as the originals, and what each must do."""

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import dlzoo
from dlzoo.errors import WeightsError
from dlzoo.layers import BilinearUpsampling2D, CornerUpsampling2D, MatchSides
from dlzoo.testing import gradient_check, gradients
from tests.models.test_parity import TOLERANCE, largest_error
from tests.models.test_saving import ORDERS, in_a_fresh_process
from tests.models.zoo import answer, count, fill, images, outputs
from tests.references.files import Golden

GOLDENS = Path(__file__).parents[1] / "references" / "segmentation"
SMALL_DECODER = {"decoder": (12, 8, 8, 4, 4)}


@dataclass(frozen=True)
class Row:
    """A small network, a side it takes, and the side of its answer."""

    name: str
    side: int
    options: dict = field(hash=False)
    answer: int = 0

    def build(self, side="row", classes=3, **more):
        side = self.side if side == "row" else side
        arguments = {"input_shape": (side, side, 3)} | more
        return dlzoo.create_model(self.name, classes=classes, **self.options, **arguments)


ROWS = {
    "torch": Row("unet", 32, {"width": 4}),
    "bilinear": Row("unet", 35, {"width": 4, "upsampling": "bilinear"}),
    "paper": Row("unet", 204, {"width": 4, "origin": "paper"}, 20),
    "course": Row("unet", 32, {"width": 4, "origin": "course"}),
    "backbone": Row(
        "unet_backbone",
        64,
        {"backbone": "mobilenet_v2", "backbone_options": {"alpha": 0.35}} | SMALL_DECODER,
    ),
    "short": Row(
        "unet_backbone",
        64,
        {"backbone": "resnet18", "decoder": (8, 8, 8), "upsampling": "transposed"},
    ),
}


@functools.cache
def built(row):
    """With weights that are not degenerate, giving logits; made once, not to be changed."""
    keras.utils.set_random_seed(0)
    return fill(row.build(classifier_activation=None))


def each(names):
    return pytest.mark.parametrize("row", [pytest.param(ROWS[n], id=n) for n in names])


def test_the_paper_is_counted_to_the_last_number():
    model = dlzoo.models.unet(origin="paper")
    assert model.input_shape == (None, 572, 572, 1)
    assert model.output_shape == (None, 388, 388, 2)
    assert model.count_params() == 31_030_658
    # Figure 1: the maps before each pooling, and at the bottom.
    ends = dlzoo.features(model).output
    assert [ends[f"stage{n}"].shape[1:] for n in range(1, 6)] == [
        (568, 568, 64), (280, 280, 128), (136, 136, 256), (64, 64, 512), (28, 28, 1024),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name, arguments, parameters",
    [
        # deeplearning.ai's exercise prints it, for 23 classes.
        ("unet", {"origin": "course", "classes": 23}, 8_640_471),
        # milesial/Pytorch-UNet without biases before batch normalisation.
        ("unet", {}, 31_037_698),
        ("unet", {"upsampling": "bilinear"}, 17_263_042),
        # segmentation_models_pytorch 0.6.0
        ("unet_backbone", {"classes": 1, "classifier_activation": "sigmoid"}, 24_436_369),
    ],
)
def test_parameters_are_those_published(name, arguments, parameters):
    assert count(dlzoo.create_model(name, **arguments)) == parameters


@pytest.mark.parametrize(
    "name, origin, side",
    [
        ("unet", "torch", 572),
        ("unet", "paper", 572),
        ("unet", "course", 576),
        ("unet_backbone", "torch", 224),
    ],
)
def test_cards(name, origin, side):
    card = dlzoo.card(name)
    assert card.task == "segmentation"
    model = dlzoo.create_model(name, origin=origin, input_shape=(side, side, 3))
    found = dlzoo.profile(model)
    assert found.trainable_parameters == card.parameters[origin]
    assert found.multiply_adds / 1e9 == pytest.approx(card.gmacs_of(origin), rel=1e-4)
    assert f"for {card.classes} classes" in str(card)
    assert name in dlzoo.list_models(task="segmentation")


@pytest.mark.parametrize(
    "name",
    [
        "milesial-unet",
        pytest.param("milesial-unet-upsamplingbilinear", marks=pytest.mark.slow),
        "smp-unet_backbone-backboneresnet34",
        pytest.param("smp-unet_backbone-backboneresnet50", marks=pytest.mark.slow),
    ],
)
def test_outputs_equal_the_reference(name, tmp_path):
    golden = Golden.read(name, GOLDENS)
    path = tmp_path / "published.safetensors"
    save_file(golden.state(), path)
    facts = golden.facts
    model = dlzoo.create_model(
        facts["model"],
        weights=path,
        input_shape=(None, None, 3),
        classifier_activation=None,
        **facts["options"],
    )
    report = model.load_report
    assert (report.layout, report.origin) == (name.partition("-")[0], "torch")
    assert not report.random
    assert not report.unused
    assert largest_error(model, golden) < TOLERANCE
    if name == "milesial-unet":  # and the tolerance can fail
        model.get_layer("up2_conv1").bn.epsilon = 1e-2
        assert largest_error(model, golden, [(75, 65)]) > TOLERANCE


@each(["paper", "course"])
def test_what_the_paper_and_the_course_draw(row):
    """The same network out of PyTorch's functions."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    f = torch.nn.functional
    model = built(row)
    paper = row.options["origin"] == "paper"

    def weights(name):
        kernel, bias = model.get_layer(name).get_weights()
        return torch.tensor(kernel.transpose(3, 2, 0, 1)), torch.tensor(bias)

    def twice(x, name):
        for number in (1, 2):
            x = f.conv2d(x, *weights(f"{name}_conv{number}"), padding=0 if paper else 1).relu()
        return x

    x = images(2, row.side, row.side, 3)
    maps = torch.tensor(keras.ops.convert_to_numpy(x)).permute(0, 3, 1, 2)
    across = []
    for level in range(1, 6):
        maps = twice(f.max_pool2d(maps, 2) if level > 1 else maps, f"stage{level}")
        across.append(maps)
    for level in range(4, 0, -1):
        kernel, bias = model.get_layer(f"up{level}_up").get_weights()
        kernel = torch.tensor(kernel.transpose(3, 2, 0, 1))  # (in, out, height, width)
        maps = f.conv_transpose2d(maps, kernel, torch.tensor(bias), stride=2)
        skip = across[level - 1]
        if paper:
            cut = (skip.shape[-1] - maps.shape[-1]) // 2
            pair = [skip[:, :, cut:-cut, cut:-cut], maps]
        else:  # TensorFlow's SAME cuts the last row and column of a 3x3 with strides 2
            pair = [maps[:, :, :-1, :-1], skip]
        maps = twice(torch.cat(pair, dim=1), f"up{level}")
    if not paper:
        maps = f.conv2d(maps, *weights("last"), padding=1).relu()
    expected = f.conv2d(maps, *weights("head")).permute(0, 2, 3, 1).numpy()
    assert expected.shape == (2, row.answer or row.side, row.answer or row.side, 3)
    assert np.abs(answer(model, x) - expected).max() < TOLERANCE * expected.std()


def test_answers_are_probabilities_for_each_pixel():
    row = ROWS["short"]
    model = row.build()
    found = answer(model, images(1, 64, 64, 3))
    assert found.shape == (1, 64, 64, 3)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    assert row.build(classes=0).output_shape == (None, 16, 16, 8)


@each(["bilinear", "course", "backbone"])
def test_sides_of_any_size(row):
    fixed = built(row)
    anything = row.build(side=None, classifier_activation=None)
    anything.set_weights(fixed.get_weights())
    square = images(1, row.side, row.side, 3)
    np.testing.assert_allclose(
        answer(anything, square), answer(fixed, square), rtol=1e-4, atol=1e-4
    )
    odd = answer(anything, images(1, 45, 83, 3))
    assert np.isfinite(odd).all()
    assert odd.shape == (1, 45, 83, 3)


@pytest.mark.backend
def test_on_every_backend():
    row = ROWS["bilinear"]  # has every layer that is new
    model = row.build(side=19)
    found = answer(model, images(1, 19, 19, 3))
    assert found.shape == (1, 19, 19, 3)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.backend
@pytest.mark.slow
def test_a_step_on_every_backend():
    keras.utils.set_random_seed(0)
    model = Row("unet", 32, {"width": 2}).build(classifier_activation=None)
    model.compile("sgd", dlzoo.losses.PixelCrossEntropy(from_logits=True))
    x, y = images(2, 32, 32, 3), np.zeros((2, 32, 32), "uint8")
    first, second = (float(model.train_on_batch(x, y)) for _ in range(2))
    assert second < first


@each(["bilinear", "paper", "course", "backbone", "short"])
def test_every_weight_learns(row):
    model = built(row)
    x = images(2, row.side, row.side, 3)
    side = row.answer or row.side
    projection = images(2, side, side, 3, seed=1)
    state = [v.value for v in model.non_trainable_variables]

    def objective(values):
        scores, _ = model.stateless_call(list(values), state, x, training=True)
        return keras.ops.sum(scores * projection)

    weights = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
    slopes = gradients(objective, list(weights.values()))
    for path, slope in zip(weights, slopes, strict=True):
        assert np.isfinite(slope).all(), path
        assert np.abs(slope).max() > 0, path


@pytest.mark.slow
def test_models_that_were_saved_answer_the_same_in_a_fresh_process(tmp_path):
    expected = {}
    for name in ("bilinear", "paper", "backbone"):
        row = ROWS[name]
        model = fill(row.build(include_preprocessing=True))
        x = images(1, row.side, row.side, 3) * 60.0 + 120.0
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.input.npy", keras.ops.convert_to_numpy(x))
        expected[name] = answer(model, x)
    in_a_fresh_process(tmp_path, ORDERS["dlzoo first"])
    for name, value in expected.items():
        found = np.load(tmp_path / f"{name}.found.npy")
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)


@each(["bilinear", "short"])
def test_mixed_precision(row):
    exact = built(row)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = row.build(classifier_activation=None)
    finally:
        keras.config.set_dtype_policy(before)
    mixed.set_weights(exact.get_weights())
    x = images(1, row.side, row.side, 3)
    found = mixed(x, training=False)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    expected = answer(exact, x)
    error = keras.ops.convert_to_numpy(found) - expected
    assert np.sqrt(np.mean(error**2)) < 0.1 * expected.std()


@pytest.mark.parametrize("name, channels", [("torch", 1), ("short", 5)])
def test_grey_and_many_channels(name, channels):
    row = ROWS[name]
    model = row.build(input_shape=(row.side, row.side, channels))
    assert answer(model, images(1, row.side, row.side, channels)).shape[-1] == 3


@each(["bilinear", "paper", "course", "short"])
def test_our_own_files(row, tmp_path):
    model = built(row)
    path = tmp_path / "some.weights.h5"
    model.save_weights(path)
    options = {k: v for k, v in row.options.items() if k != "origin"}
    shape = (row.side, row.side, 3)
    other = dlzoo.create_model(row.name, path, 7, shape, **options)
    assert other.load_report.random == ("head/kernel", "head/bias")
    x = images(1, row.side, row.side, 3)
    inside = [model.layers[-2].name] if row.name == "unet" else ["up3_conv2"]
    one, two = (outputs(dlzoo.features(m, inside), x)[inside[0]] for m in (model, other))
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, two)))


def test_a_file_for_the_backbone_alone(tmp_path):
    options = ROWS["backbone"].options
    shape = (64, 64, 3)
    body = fill(dlzoo.models.mobilenet_v2(input_shape=shape, alpha=0.35, classes=7))
    body.save_weights(tmp_path / "backbone.weights.h5")
    model = dlzoo.create_model(
        "unet_backbone", tmp_path / "backbone.weights.h5", 3, shape, **options
    )
    report = model.load_report
    assert all(re.match(r"(up\d|head)", path) for path in report.random)
    assert all(re.match(r"(top|head)", path) for path in report.unused)
    x = images(1, 64, 64, 3)
    ours, theirs = (outputs(dlzoo.features(m, ["stage2", "stage7"]), x) for m in (model, body))
    for stage in ours:
        one, two = map(keras.ops.convert_to_numpy, (ours[stage], theirs[stage]))
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)
    again = dlzoo.create_model("unet_backbone", None, 3, shape, **options)
    other = dlzoo.load_weights(again, tmp_path / "backbone.weights.h5")
    assert (other.loaded, other.random) == (report.loaded, report.random)
    with pytest.raises(WeightsError, match="holds weights of another network"):
        dlzoo.models.unet(tmp_path / "backbone.weights.h5")


def test_real_weights(test_data_weights):
    model = dlzoo.models.unet_backbone(
        test_data_weights, 11, (64, 64, 3), backbone="mobilenet_v2", include_preprocessing=True
    )
    report = model.load_report
    assert (report.layout, report.origin) == ("keras", "keras")
    assert {path.partition("_")[0] for path in report.loaded} >= {"stage1", "stage7"}
    assert model.get_layer("preprocessing").scale == pytest.approx(1 / 127.5)


@pytest.fixture
def test_data_weights():
    import os

    folder = os.environ.get("DLZOO_TEST_DATA")
    if not folder:
        pytest.skip("DLZOO_TEST_DATA is not set")
    return Path(folder) / "weights" / "mobilenet_v2_imagenet_keras.h5"


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        (
            "unet",
            {"origin": "course", "input_shape": (250, 256, 3)},
            "unet: height must be a multiple of 16, so that what comes up meets what is handed "
            "across; got 250 in input_shape=(250, 256, 3). Pad or resize it to 256.",
        ),
        (
            "unet",
            {"origin": "paper", "input_shape": (572, 512, 1)},
            "unet: width must be 188 + a multiple of 16, with origin 'paper', because every "
            "pooling must meet an even side; got 512 in input_shape=(572, 512, 1). Pad or "
            "resize it to 524.",
        ),
        (
            "unet",
            {"origin": "paper", "input_shape": (100, 572, 1)},
            "unet: height must be 188 + a multiple of 16, with origin 'paper', because every "
            "pooling must meet an even side; got 100 in input_shape=(100, 572, 1). Pad or "
            "resize it to 188.",
        ),
        (
            "unet",
            {"input_shape": (8, 64, 3)},
            "unet: height must be at least 16 pixels, because the network shrinks it 16 times; "
            "got 8 in input_shape=(8, 64, 3).",
        ),
        (
            "unet",
            {"input_shape": (64, 64)},
            "unet: input_shape must be (height, width, channels) without the batch axis, e.g. "
            "(224, 224, 3); got (64, 64).",
        ),
        (
            "unet",
            {"classes": 1},
            "unet: classes must be at least 2 with softmax, because a single score always "
            "becomes 1; got 1. Pass classes=2, or classifier_activation='sigmoid'.",
        ),
        ("unet", {"origin": "keras"}, "origin must be one of ['course', 'paper', 'torch']"),
        ("unet", {"width": 1}, "unet: width must be a whole number of at least 2; got 1."),
        ("unet", {"upsampling": "cubic"}, "unet: upsampling must be one of"),
        (
            "unet",
            {"upsampling": "bilinear", "origin": "paper"},
            "unet: origin must be 'torch' with upsampling='bilinear'",
        ),
        (
            "unet_backbone",
            {"input_shape": (64, 80, 3)},
            "unet_backbone: width must be a multiple of 32, so that what comes up meets what "
            "is handed across; got 80 in input_shape=(64, 80, 3). Pad or resize it to 96.",
        ),
        ("unet_backbone", {"backbone": "unet"}, "unet_backbone: backbone must be one of"),
        (
            "unet_backbone",
            {"backbone": "alexnet"},
            "unet_backbone: backbone must be a network whose stages halve the image five times",
        ),
        ("unet_backbone", {"decoder": ()}, "decoder must be 1 to 5 numbers of channels"),
        ("unet_backbone", {"decoder": (8, 0)}, "each of decoder must be a whole number"),
        ("unet_backbone", {"origin": "keras"}, "origin must be one of ['torch']; got 'keras'."),
        ("unet_backbone", {"weights": "coco"}, "nothing is published for weights 'coco'"),
    ],
)  # fmt: skip
def test_bad_arguments(name, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(dlzoo.models, name)(**arguments)


@pytest.mark.parametrize("x, like", [((7, 4), (4, 7)), ((4, 5), (4, 5)), ((3, 9), (8, 8))])
@pytest.mark.parametrize("known", [True, False])
def test_match_sides(x, like, known):
    values = np.arange(1.0, 1 + np.prod(x)).reshape(1, *x, 1)
    expected = np.zeros(like)
    slices = []
    for one, two in zip(x, like, strict=True):
        cut, put = max(one - two, 0) // 2, max(two - one, 0) // 2
        kept = min(one, two)
        slices.append((slice(cut, cut + kept), slice(put, put + kept)))
    expected[slices[0][1], slices[1][1]] = values[0, slices[0][0], slices[1][0], 0]
    sides = (x, like) if known else ((None, None), (None, None))
    pair = [keras.Input((*side, 1)) for side in sides]
    model = keras.Model(pair, MatchSides()(pair))
    found = model([values, np.zeros((1, *like, 1))], training=False)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found)[0, :, :, 0], expected)


def test_gradients_of_corner_upsampling():
    check = gradient_check(CornerUpsampling2D(), (1, 3, 2, 2))
    assert check.passed, check


def test_corner_upsampling_is_pytorchs():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = np.random.default_rng(0).normal(size=(2, 5, 1, 3)).astype("float32")
    theirs = torch.nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)(
        torch.tensor(x).permute(0, 3, 1, 2)
    )
    ours = CornerUpsampling2D()(keras.ops.convert_to_tensor(x))
    expected = theirs.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), expected, atol=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_bilinear_upsampling_with_sides_known_and_unknown(factor):
    x = np.random.default_rng(0).normal(size=(2, 5, 1, 3)).astype("float32")
    expected = keras.layers.UpSampling2D(factor, interpolation="bilinear")(x)
    layer = BilinearUpsampling2D(factor)
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)
    if keras.backend.backend() == "tensorflow":
        tf = pytest.importorskip("tensorflow")
        anything = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3))])
        np.testing.assert_allclose(anything(x), expected, atol=1e-5)
