"""GoogLeNet: the network of the paper, auxiliary heads in training, torchvision's images."""

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.models.googlenet import MODULES
from dlzoo.weights import IMAGENET
from tests.models.zoo import answer, count, fill, images
from tests.references.files import Golden

SMALL = {"classes": 4, "input_shape": (64, 64, 3)}


def torch_layers(model):
    """A function that computes a layer of the paper's network by PyTorch."""
    import torch
    from torch.nn import functional as f

    def weights(layer):
        kernel, bias = map(torch.tensor, layer.get_weights())
        return kernel.permute(3, 2, 0, 1), bias

    def conv(x, layer, **options):
        return f.conv2d(x, *weights(layer), **options).relu()

    def module(x, layer):
        return torch.cat(
            [
                conv(x, layer.conv1),
                conv(conv(x, layer.reduce3), layer.conv3, padding=1),
                conv(conv(x, layer.reduce5), layer.conv5, padding=2),
                conv(f.max_pool2d(x, 3, 1, padding=1), layer.project),
            ],
            dim=1,
        )

    def head(x, layer):
        x = conv(f.avg_pool2d(x, 5, 3), layer.conv).permute(0, 2, 3, 1).flatten(1)
        for dense, activate in ((layer.hidden, torch.relu), (layer.head, lambda v: v)):
            kernel, bias = map(torch.tensor, dense.get_weights())
            x = activate(x @ kernel + bias)
        return x

    return conv, module, head


def papers_outputs(model, x):
    """Scores of the three heads, from PyTorch's parts."""
    import torch
    from torch import nn

    conv, module, head = torch_layers(model)
    norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
    pool = nn.MaxPool2d(3, 2, ceil_mode=True)
    layer = model.get_layer
    found = {}
    with torch.no_grad():
        x = torch.tensor(np.array(x)).permute(0, 3, 1, 2)
        x = norm(pool(conv(x, layer("stage1_conv"), stride=2, padding=3)))
        x = conv(x, layer("stage2_reduce"))
        x = norm(conv(x, layer("stage2_conv"), padding=1))
        for name in MODULES:
            x = pool(x) if name.endswith("_a") else x
            x = module(x, layer(name))
            if name in ("stage4_a", "stage4_d"):
                aux = "aux1" if name == "stage4_a" else "aux2"
                found[aux] = head(x, layer(aux)).numpy()
        kernel, bias = map(torch.tensor, layer("head").get_weights())
        found["head"] = (x.mean(dim=(2, 3)) @ kernel + bias).numpy()
    return found


def test_googlenet_is_the_papers():
    pytest.importorskip("torch", reason="torch is not installed")
    size = (107, 96)
    model = dlzoo.models.googlenet(None, 10, (*size, 3), origin="paper", auxiliary=True,
                                   classifier_activation=None)  # fmt: skip
    x = images(2, *size, 3)
    expected = papers_outputs(fill(model), x)
    found = dlzoo.features(model, list(expected))(x, training=False)
    for name, value in expected.items():
        error = np.abs(keras.ops.convert_to_numpy(found[name]) - value).max()
        assert error < 1e-4 * value.std(), name
    np.testing.assert_allclose(
        answer(model, x), expected["head"], rtol=1e-3, atol=1e-3 * expected["head"].std()
    )


@pytest.mark.parametrize("origin, parameters", [("torch", 13_004_888), ("paper", 13_378_280)])
def test_parameters_with_auxiliary_heads(origin, parameters):
    """torchvision's own count, and that of Caffe's bvlc_googlenet."""
    assert count(dlzoo.models.googlenet(origin=origin, auxiliary=True)) == parameters


def trained(loss="sparse_categorical_crossentropy", steps=4, **arguments):
    """A network with auxiliary heads after some steps on one batch, and its losses."""
    keras.utils.set_random_seed(0)
    model = dlzoo.models.googlenet(**SMALL, auxiliary=True, **arguments)
    before = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
    model.compile(keras.optimizers.SGD(0.02), loss, metrics=["accuracy"])
    x = keras.ops.convert_to_numpy(images(8, 64, 64, 3))
    y = np.arange(8) % 4
    history = model.fit(x, y, batch_size=8, epochs=steps, verbose=0).history
    return model, x, y, before, history


@pytest.mark.slow
def test_it_trains_with_three_heads_and_predicts_with_one():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model, x, y, before, history = trained(loss, classifier_activation=None)
    assert history["loss"][-1] < history["loss"][0]
    for variable in model.trainable_variables:
        moved = keras.ops.convert_to_numpy(variable) != before[variable.path]
        assert moved.any(), variable.path
    found = model.predict(x, verbose=0)
    assert found.shape == (8, 4)
    np.testing.assert_allclose(found, answer(model, x), rtol=1e-3, atol=1e-3 * found.std())
    # Tests know the first head only.
    tested = model.evaluate(x, y, verbose=0)[0]
    by_hand = np.logaddexp.reduce(found, axis=1) - found[np.arange(8), y]
    assert tested == pytest.approx(by_hand.mean(), rel=1e-3)


@pytest.mark.slow
def test_saved_with_its_heads(tmp_path):
    model, x, y, _, _ = trained(steps=1)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again) is type(model) is dlzoo.models.AuxiliaryNetwork
    np.testing.assert_array_equal(answer(again, x), answer(model, x))
    assert np.isfinite(again.fit(x, y, verbose=0).history["loss"]).all()
    copy = keras.models.clone_model(model)
    assert type(copy) is type(model)


@pytest.mark.parametrize("origin", ["torch", "paper"])
def test_our_own_files_tell_their_origin(origin, tmp_path):
    model = fill(dlzoo.models.googlenet(**SMALL, origin=origin))
    path = tmp_path / "mine.weights.h5"
    model.save_weights(path)
    same = dlzoo.models.googlenet(path, **SMALL)
    assert (same.load_report.origin, same.load_report.notes) == (origin, ())
    assert (same.load_report.random, same.load_report.unused) == ((), ())
    x = images(1, 64, 64, 3)
    np.testing.assert_array_equal(answer(same, x), answer(model, x))


def test_a_file_with_auxiliary_heads_serves_a_network_without(tmp_path):
    path = Golden.read("torchvision-googlenet-auxiliary").write(tmp_path)
    plain = dlzoo.models.googlenet(path, 1000, (64, 64, 3))
    unused = plain.load_report.unused
    assert unused
    assert all(name.startswith(("aux1.", "aux2.")) for name in unused)
    whole = dlzoo.models.googlenet(path, 1000, (64, 64, 3), auxiliary=True)
    assert whole.load_report.unused == whole.load_report.random == ()
    x = images(1, 64, 64, 3)
    np.testing.assert_allclose(answer(plain, x), answer(whole, x), rtol=1e-5, atol=1e-7)


def test_a_file_without_auxiliary_heads_serves_a_network_with(tmp_path):
    fill(dlzoo.models.googlenet(**SMALL)).save_weights(tmp_path / "plain.weights.h5")
    model = dlzoo.models.googlenet(tmp_path / "plain.weights.h5", **SMALL, auxiliary=True)
    assert {path.split("/")[0] for path in model.load_report.random} == {"aux1", "aux2"}


def test_images_are_what_torchvisions_transform_makes_of_them():
    """`transform_input` of its GoogLeNet, after its usual normalisation of images."""
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 3, 4, 3))
    usual = (pixels * IMAGENET.scale - IMAGENET.mean) / IMAGENET.std
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    theirs = usual * (std / 0.5) + (mean - 0.5) / 0.5
    wanted = dlzoo.card("googlenet").find("imagenet").preprocessing
    ours = (pixels * wanted.scale - wanted.mean) / wanted.std
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_what_auxiliary_heads_cannot_do():
    with pytest.raises(ValueError, match="googlenet: auxiliary must be False with classes=0"):
        dlzoo.models.googlenet(classes=0, auxiliary=True)
    with pytest.raises(ValueError, match="googlenet: auxiliary must be one of"):
        dlzoo.models.googlenet(auxiliary="yes")
    with pytest.raises(ValueError, match="aux1: height and width must be known and at least 5"):
        dlzoo.models.googlenet(input_shape=(64, 64, 3), origin="paper", auxiliary=True)


def test_stages():
    body = dlzoo.models.googlenet(classes=0)
    assert dlzoo.models.stages(body) == {
        "stage1": (2, 64),
        "stage2": (4, 192),
        "stage3": (8, 480),
        "stage4": (16, 832),
        "stage5": (32, 1024),
    }
