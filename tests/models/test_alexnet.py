"""The AlexNet of the paper, which nobody publishes weights of, and what tells it apart."""

import numpy as np
import pytest

import dlzoo
from tests.models.zoo import answer, fill, images


def torch_parts():
    """The network of the paper out of PyTorch's parts."""
    from torch import nn

    def norm():  # its alpha is divided by the number of channels
        return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)

    return nn.Sequential(
        *(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
    )


def test_alexnet_is_the_papers():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    side = 99  # 23 after the first convolution, without overhang
    model = fill(dlzoo.models.alexnet(None, 10, (side, side, 3), origin="paper",
                                      classifier_activation=None))  # fmt: skip
    x = images(2, side, side, 3)
    body = torch_parts()
    convolutions = [part for part in body if isinstance(part, torch.nn.Conv2d)]
    with torch.no_grad():
        for number, part in enumerate(convolutions, 1):
            kernel, bias = model.get_layer(f"stage{number}_conv").get_weights()
            part.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1)))
            part.bias.copy_(torch.tensor(bias))
        maps = body(torch.tensor(np.array(x)).permute(0, 3, 1, 2))
        vector = maps.permute(0, 2, 3, 1).flatten(1)
        for name in ("fc1", "fc2", "head"):
            kernel, bias = map(torch.tensor, model.get_layer(name).get_weights())
            vector = vector @ kernel + bias
            vector = vector if name == "head" else vector.relu()
    expected = vector.numpy()
    assert np.abs(answer(model, x) - expected).max() < 1e-4 * expected.std()


def test_the_groups_are_the_papers():
    body = dlzoo.models.alexnet(classes=0, origin="paper")
    groups = {n: body.get_layer(f"stage{n}_conv").groups for n in range(1, 6)}
    assert groups == {1: 1, 2: 2, 3: 1, 4: 2, 5: 2}
    assert [layer.name for layer in body.layers if "norm" in layer.name] == [
        "stage1_norm",
        "stage2_norm",
    ]


@pytest.mark.parametrize("side", [224, 227])
def test_224_and_227_pixels_give_the_papers_map(side):
    body = dlzoo.models.alexnet(classes=0, origin="paper", input_shape=(side, side, 3))
    assert body.get_layer("stage1_conv").output.shape == (None, 55, 55, 96)
    assert body.output_shape == (None, 6, 6, 256)


def test_a_head_of_the_paper_needs_the_size():
    with pytest.raises(ValueError, match="alexnet: height and width must be given"):
        dlzoo.models.alexnet(origin="paper", input_shape=(None, None, 3))


def test_stages():
    body = dlzoo.models.alexnet(classes=0)
    assert dlzoo.models.stages(body) == {
        "stage1": (4, 64),
        "stage2": (8, 192),
        "stage3": (16, 384),
        "stage4": (16, 256),
        "stage5": (16, 256),
    }
