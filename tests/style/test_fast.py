"""Networks that paint: trained, resumed, and let loose on photographs."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

import dlzoo
from dlzoo.errors import DataError
from dlzoo.style import Layers, feature_network, stylize_fast, train_adain, train_style
from dlzoo.style.crops import Crops, find_pictures
from dlzoo.style.perceptual import AnyStyle, OneStyle
from dlzoo.training.trainer import _Epochs
from tests.models.zoo import fill

RNG = np.random.default_rng(0)
LAYERS = {"content_layers": ["second"], "style_layers": ["first", "second"]}
QUICK = {
    "steps": 4,
    "copy_steps": 2,
    "size": 32,
    "batch_size": 2,
    "checkpoint_steps": 2,
    "seed": 3,
}
TINY = {**QUICK, **LAYERS, "width": 4, "blocks": 1}


def network():
    """A feature network of two layers, always with the same weights."""
    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Rescaling(1 / 127.5, -1)(image)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="second")(x)
    return fill(keras.Model(image, x, name="tiny"))


def picture(height, width, seed):
    """Smooth colours with some noise: something to see and to paint."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.outer(np.arange(height), rng.normal(size=3))[:, None] / 3)
    grey = 127 + 90 * waves * np.cos(np.arange(width) / (3 + seed))[None, :, None]
    return np.clip(grey + rng.normal(0, 9, (height, width, 3)), 0, 255).astype("uint8")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of six photographs and one file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "more").mkdir()
    for number in range(6):
        place = folder / ("more" if number > 3 else ".") / f"{number}.png"
        Image.fromarray(picture(40 + number, 50, number)).save(place)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


class Trained(dict):
    """Both trainings, undisturbed, each done when it is asked for."""

    def __init__(self, photos, out):
        self.photos, self.out = photos, out

    def __missing__(self, kind):
        common = {"out": self.out / kind, "network": network()}
        if kind == "one":
            self[kind] = train_style(picture(30, 60, 9), self.photos, **common, **TINY)
        else:
            names = {"style_layers": LAYERS["style_layers"]}
            styles = self.photos / "more"
            self[kind] = train_adain(styles, self.photos, **common, **names, **QUICK)
        return self[kind]


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    return Trained(photos, tmp_path_factory.mktemp("trained"))


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), "int16")


def weights(model):
    return [ops.convert_to_numpy(weight) for weight in model.trainable_weights]


@pytest.mark.parametrize("kind, name", [("one", "transformer_net"), ("any", "adain")])
def test_a_training_leaves_its_folder(trained, kind, name):
    result = trained[kind]
    found = {path.name for path in result.folder.iterdir()}
    assert found == {"model.keras", "report.json", "run.json", "samples"}
    samples = sorted(path.name for path in (result.folder / "samples").iterdir())
    assert samples == ["copying000002.jpg", "painting000002.jpg", "painting000004.jpg"]
    rows = 2 if kind == "one" else 3  # photograph, (style,) picture
    with Image.open(result.folder / "samples" / samples[0]) as sheet:
        assert sheet.size == (3 * 32, rows * 32)
    report = json.loads((result.folder / "report.json").read_text())
    assert report == json.loads(json.dumps(result.report.to_dict()))
    assert (report["network"], report["photographs"]) == (name, 6)
    assert [row["step"] for row in report["losses"]] == [2, 4]
    assert "broken.jpg" in report["left_out"][0]
    assert "left out as unusable: 1" in str(result)
    again = keras.saving.load_model(result.folder / "model.keras")
    for one, two in zip(weights(again), weights(result.model), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_run_that_has_ended_is_read(trained, photos):
    before = trained["one"]
    again = train_style(
        picture(30, 60, 9), photos, out=before.folder, network=network(), **TINY
    )
    assert again.report == before.report
    with pytest.raises(DataError, match=r"settings\.style_weight: 10\.0 there, 5\.0 now"):
        train_style(
            picture(30, 60, 9), photos, out=before.folder, network=network(),
            **TINY, style_weight=5.0,
        )  # fmt: skip


@pytest.mark.slow
def test_an_interrupted_run_ends_like_an_undisturbed_one(
    trained, photos, tmp_path, monkeypatch
):
    whole = _Epochs.on_train_batch_end

    def press_ctrl_c(self, batch, logs=None):
        whole(self, batch, logs)
        if (self.stage.name, self.epoch, batch) == ("painting", 1, 0):
            raise KeyboardInterrupt

    def run():
        return train_style(
            picture(30, 60, 9), photos, out=tmp_path / "x", network=network(), **TINY
        )

    monkeypatch.setattr(_Epochs, "on_train_batch_end", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert (tmp_path / "x" / "samples" / "painting000002.jpg").exists()
    monkeypatch.undo()
    resumed = run()
    for one, two in zip(weights(resumed.model), weights(trained["one"].model), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    expected = [row["loss"] for row in trained["one"].report.losses]
    found = [row["loss"] for row in resumed.report.losses]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def painters():
    """Both kinds, tiny, and a batch for each."""
    reader = feature_network(network(), layers=["first", "second"])
    layers = Layers(("second",), ("first", "second"))
    style = picture(30, 60, 9)[None].astype("float32")
    shares = {"content": 1.0, "style": 10.0, "variation": 1.0}
    net = dlzoo.models.transformer_net(width=4, blocks=1)
    one = OneStyle(net, reader, layers, style, shares)
    encoder = keras.Model(reader.inputs, reader.output["second"])
    any_ = AnyStyle(dlzoo.models.adain(encoder=encoder), reader, layers.style, shares)
    x = np.stack([picture(32, 32, seed) for seed in (1, 2)]).astype("float32")
    ones = np.ones((2, 1), "float32")
    return {"one": (one, x), "any": (any_, {"content": x, "style": x[::-1], "strength": ones})}


@pytest.mark.backend
@pytest.mark.parametrize("kind", ["one", "any"])
def test_the_loss_falls(kind):
    keras.utils.set_random_seed(0)
    model, x = painters()[kind]
    frozen = [ops.convert_to_numpy(v) for v in model.network.weights]
    model.compile(keras.optimizers.Adam(3e-2))
    logs = []
    for _ in range(8):
        model.reset_metrics()
        logs.append(model.train_on_batch(x, return_dict=True))
    assert set(logs[0]) == {"loss", "content", "style", "variation"}
    assert logs[-1]["loss"] < 0.9 * logs[0]["loss"]
    for old, new in zip(frozen, model.network.weights, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(new))


def test_the_terms_of_one_style():
    """By hand, from the features of photograph and picture."""
    model, x = painters()["one"]
    pictures = ops.convert_to_tensor(x[:, ::-1].copy())
    found = {
        k: float(v) for k, v in model.losses_of(ops.convert_to_tensor(x), pictures).items()
    }
    numbers = {k: ops.convert_to_numpy(v) for k, v in model.network(pictures).items()}
    wanted = {k: ops.convert_to_numpy(v) for k, v in model.network(x).items()}
    style = picture(30, 60, 9)[None].astype("float32")
    painted = {k: ops.convert_to_numpy(v) for k, v in model.network(style).items()}

    def gram(f):
        return np.einsum("bhwc,bhwd->bcd", f, f) / (f.shape[1] * f.shape[2])

    def relative(one, other):
        return ((one - other) ** 2).mean() / (other**2).mean()

    expected = relative(numbers["second"], wanted["second"])
    assert found["content"] == pytest.approx(expected, rel=1e-4)
    terms = [relative(gram(numbers[k]), gram(painted[k])) for k in ("first", "second")]
    assert found["style"] == pytest.approx(np.mean(terms), rel=1e-4)
    flat = x[:, ::-1] / 255
    rough = (np.diff(flat, axis=1) ** 2).mean() + (np.diff(flat, axis=2) ** 2).mean()
    assert found["variation"] == pytest.approx(rough, rel=1e-4)


def test_the_terms_of_any_style_are_0_for_the_target_itself():
    model, x = painters()["any"]
    same = x | {"style": x["content"]}
    tensors = {name: ops.convert_to_tensor(value.copy()) for name, value in same.items()}
    found = model.losses_of(tensors, tensors["content"])
    assert float(found["content"]) < 1e-6
    assert float(found["style"]) < 1e-6
    assert float(model.losses_of(tensors, 255 - tensors["content"])["style"]) > 0.01


def test_crops_follow_from_seed_epoch_and_step(photos):
    paths = sorted(photos.glob("*.png"))
    crops, again = (Crops(paths, 32, 3, 5, (7,)) for _ in range(2))
    crops.epoch = again.epoch = 2
    assert len(crops) == 5
    (first,), (same,), (next_,) = crops[1], again[1], crops[2]
    np.testing.assert_array_equal(first, same)
    assert (first != next_).any()
    assert first.shape == (3, 32, 32, 3)
    assert first.dtype == "float32"
    few = Crops(paths[:1], 32, 3, 5, (7,))
    assert few[0][0].shape == (3, 32, 32, 3)


def test_pictures_are_found_everywhere(photos):
    names = [path.name for path in find_pictures("x", photos)]
    assert names == ["0.png", "1.png", "2.png", "3.png", "broken.jpg", "4.png", "5.png"]
    assert len(find_pictures("x", [photos / "more", str(photos / "[01].png")])) == 4


@pytest.mark.parametrize("kind", ["one", "any"])
def test_photographs_are_painted_and_a_broken_one_is_reported(trained, photos, tmp_path, kind):
    more = {"style": picture(20, 24, 4), "strength": 0.5} if kind == "any" else {}
    model = trained[kind].folder if kind == "one" else trained[kind].model
    result = stylize_fast(model, photos, tmp_path, batch_size=2, **more)
    assert len(result.written) == 6
    assert len(result.failed) == 1
    assert "broken.jpg" in result.failed[0]
    assert str(result).startswith("6 pictures, ")
    for source, target in result.written:
        with Image.open(source) as photo, Image.open(target) as painted:
            assert photo.size == painted.size
            assert painted.mode == "RGB"
    assert {path.name for path in tmp_path.iterdir()} == {f"{n}.png" for n in range(6)}


def test_in_batches_as_one_by_one(trained, photos, tmp_path):
    Image.fromarray(picture(40, 50, 8)).save(tmp_path / "a.png")
    Image.fromarray(picture(40, 50, 7)).save(tmp_path / "b.png")
    pair = [tmp_path / "a.png", tmp_path / "b.png"]
    stylize_fast(trained["one"].model, pair, tmp_path / "2", batch_size=2)
    stylize_fast(trained["one"].model, pair, tmp_path / "1", batch_size=1)
    for name in ("a.png", "b.png"):
        one, two = (read(tmp_path / n / name) for n in "12")
        assert np.abs(one - two).max() <= 1


def test_sizes_and_names(trained, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        Image.fromarray(picture(40, 80, 1)).save(tmp_path / folder / "a.gif")
    Image.fromarray(picture(3, 40, 1)).save(tmp_path / "thin.png")
    photos = [tmp_path / "x", tmp_path / "y", tmp_path / "thin.png"]
    result = stylize_fast(trained["one"].model, photos, tmp_path / "out", size=40)
    names = [target.rpartition("/")[2] for _, target in result.written]
    assert names == ["a.png", "a-2.png"]
    assert read(tmp_path / "out" / "a.png").shape == (20, 40, 3)
    assert "thin.png: a side must be at least 5 pixels; got 3 x 40." in result.failed[0]
    stylize_fast(trained["one"].model, tmp_path / "x", tmp_path / "one.jpg")
    with Image.open(tmp_path / "one.jpg") as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"model": "nowhere"}, "nowhere: there is no such model. Name the folder that train"),
        ({"photos": "no/*.jpg"}, "there are no pictures here"),
        ({"style": "x.jpg"}, "style and strength are for models of any style"),
        ({"strength": 0.5}, "style and strength are for models of any style"),
        ({"strength": 2}, "strength must be between 0 and 1; got 2"),
        ({"size": 8}, "size must be a whole number of at least 16; got 8"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"out": "x.jpg"}, "out must be a folder for 7 photographs; got the file name 'x.jpg'"),
    ],
)
def test_what_stylize_fast_refuses(trained, photos, tmp_path, arguments, message):
    usual = {"model": trained["one"].model, "photos": photos, "out": tmp_path}
    with pytest.raises(ValueError, match=message):
        stylize_fast(**usual | arguments)


def test_more_that_stylize_fast_refuses(trained, photos, tmp_path):
    with pytest.raises(DataError, match="the picture would replace its photograph"):
        stylize_fast(trained["one"].model, photos / "more", photos / "more")
    with pytest.raises(ValueError, match="style must be given, because 'adain' paints in any"):
        stylize_fast(trained["any"].model, photos, tmp_path)
    with pytest.raises(ValueError, match="model must be a transformer_net or an adain"):
        stylize_fast(network(), photos, tmp_path)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"steps": 0}, "train_style: steps must be a whole number of at least 1; got 0"),
        ({"copy_steps": -1}, "train_style: copy_steps must be a whole number of at least 0"),
        ({"size": 16}, "train_style: size must be a whole number of at least 32; got 16"),
        ({"style_weight": -1}, "train_style: style_weight must be between 0 and"),
        ({"learning_rate": 3}, "train_style: learning_rate must be between"),
        ({"width": 0}, "transformer_net: width must be"),
        ({"content_layers": ["third"]}, "third"),
        ({"style": "no.jpg"}, "no.jpg: there is no such file"),
    ],
)
def test_what_training_refuses(photos, tmp_path, arguments, message):
    usual = {"style": picture(30, 60, 9), "photos": photos, "network": network(), **TINY}
    with pytest.raises(ValueError, match=message):
        train_style(**usual | arguments, out=tmp_path / "x")


def test_what_cannot_be_trained_on(photos, tmp_path):
    usual = {"network": network(), "out": tmp_path / "x", **TINY}
    with pytest.raises(DataError, match=r"style must be one picture, .* holds 2.*any style"):
        train_style(photos / "more", photos, **usual)
    with pytest.raises(DataError, match=r"none of the pictures can be read:\n.*broken\.jpg"):
        train_style(picture(30, 60, 9), photos / "broken.jpg", **usual)


@pytest.mark.slow
def test_mixed_precision_trains_and_leaves_float32(photos, tmp_path):
    options = TINY | {"steps": 1, "copy_steps": 0}
    result = train_style(
        picture(30, 60, 9), photos, out=tmp_path / "x", network=network(),
        mixed_bfloat16=True, **options,
    )  # fmt: skip
    assert np.isfinite(result.report.final["loss"])
    again = keras.saving.load_model(tmp_path / "x" / "model.keras")
    assert again.get_layer("stem").compute_dtype == "float32"
