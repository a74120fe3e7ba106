"""What is special about VGG: the head that reads every pixel, and batch normalisation."""

import numpy as np
import pytest

import dlzoo
from dlzoo.errors import WeightsError
from tests.models.zoo import fill

SMALL = {"classes": 3, "input_shape": (32, 32, 3)}


def test_stages_are_the_resolutions():
    stages = dlzoo.models.stages(dlzoo.models.vgg16(classes=0))
    widths = (64, 128, 256, 512, 512)
    assert stages == {f"stage{n + 1}": (2**n, width) for n, width in enumerate(widths)}


def test_the_layers_of_style_transfer_are_there():
    body = dlzoo.models.vgg19(classes=0, input_shape=(None, None, 3))
    names = [f"stage{n}_conv1" for n in range(1, 6)] + ["stage4_conv2"]
    assert list(dlzoo.features(body, names).output) == names


def test_a_head_of_keras_needs_the_size():
    with pytest.raises(ValueError, match="vgg16: height and width must be given for a head"):
        dlzoo.models.vgg16(classes=3, input_shape=(None, 32, 3), origin="keras")


def test_keras_has_none_with_batch_normalisation():
    with pytest.raises(ValueError, match="vgg19: origin must be 'torch' with batch_norm=True"):
        dlzoo.models.vgg19(batch_norm=True, origin="keras")
    with pytest.raises(ValueError, match="vgg16: batch_norm must be one of"):
        dlzoo.models.vgg16(batch_norm="yes")
    body = dlzoo.models.vgg16(classes=0, batch_norm=True, input_shape=(32, 32, 3))
    assert body.get_layer("built_as").origin == "torch"


@pytest.mark.slow
def test_weights_for_another_size_say_so(tmp_path):
    fill(dlzoo.models.vgg16(**SMALL)).save_weights(tmp_path / "small.weights.h5")
    with pytest.raises(WeightsError, match=r"fc1/kernel.*images of another size") as caught:
        dlzoo.models.vgg16(tmp_path / "small.weights.h5", 3, (64, 64, 3))
    assert "nothing was loaded" in str(caught.value)


@pytest.mark.slow
def test_dropout_is_in_torchvisions_head_only():
    def names(origin):
        layers = dlzoo.models.vgg16(origin=origin, **SMALL).layers
        return [layer.rate for layer in layers if layer.name.endswith("dropout")]

    assert names("keras") == []
    assert names("torch") == [0.5, 0.5]


def test_the_file_without_head_is_small():
    card = dlzoo.card("vgg19")
    without = card.find("imagenet_notop", batch_norm=False)
    assert without.url.endswith("_notop.h5")
    assert without.top1 is None
    with pytest.raises(ValueError, match="nothing is published"):
        card.find("imagenet_notop", batch_norm=True)
    assert np.isclose(card.gmacs, 19.632)
