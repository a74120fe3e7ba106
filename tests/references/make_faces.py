"""Write the goldens of networks for faces: `faces/<peer>-<name>.npz`.

    pip install --no-deps facenet-pytorch==2.6.0    # beside what make.py needs
    python -m tests.references.make_faces [NAME ...]

facenet-pytorch answers itself. MobileFaceNet and OpenFace are no packages: the networks below
are written with PyTorch's own layers (channels first), the first from the paper's Table 1, the
second from the definition in Torch (`models/openface/nn4.small2.def.lua`); names and shapes of
the tensors are those of published files.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn

from tests.references.make import keep, torch_outputs
from tests.references.peers.golden import Golden, import_torchvision

FOLDER = Path(__file__).parent / "faces"


def named(**parts):
    """Modules one after the other, under the names that the files have."""
    return nn.Sequential(OrderedDict(parts))


class Added(nn.Module):
    """A bottleneck of MobileFaceNet: eight numbered modules, and a shortcut that may be."""

    def __init__(self, before, after, middle, step):
        super().__init__()
        self.short = step == 1 and before == after
        self.conv = nn.Sequential(
            nn.Conv2d(before, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            nn.PReLU(middle),
            nn.Conv2d(middle, middle, 3, step, padding=1, groups=middle, bias=False),
            nn.BatchNorm2d(middle),
            nn.PReLU(middle),
            nn.Conv2d(middle, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, x):
        y = self.conv(x)
        return y + x if self.short else y


def mobilefacenet(last_map=(7, 6), dimensions=128):
    """The paper's Table 1, from top to bottom."""

    def brick(convolution, activated=True):
        parts = {"conv": convolution, "bn": nn.BatchNorm2d(convolution.out_channels)}
        if activated:
            parts["prelu"] = nn.PReLU(convolution.out_channels)
        return named(**parts)

    widths, blocks = [64], []
    for factor, width, repeats, stride in (
        (2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1),
    ):  # fmt: skip
        for step in [stride] + [1] * (repeats - 1):
            blocks.append(Added(widths[-1], width, factor * widths[-1], step))
            widths.append(width)
    return named(
        conv1=brick(nn.Conv2d(3, 64, 3, 2, padding=1, bias=False)),
        dw_conv1=brick(nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False)),
        blocks=nn.Sequential(*blocks),
        conv2=brick(nn.Conv2d(128, 512, 1, bias=False)),
        linear7=brick(nn.Conv2d(512, 512, last_map, groups=512, bias=False), False),
        linear1=brick(nn.Conv2d(512, dimensions, 1, bias=False), False),
        flatten=nn.Flatten(),
    )


class Padded(nn.Module):
    """Torch's `nn.Inception`: rows of modules on the same input, joined by `DepthConcat`.

    Arguments as in the definition: kernel sizes, their stride, channels after them, channels
    after the 1x1 convolutions (the last but one follows the pooling, the last stands alone).
    """

    def __init__(self, before, kernels, stride, after, reduced, pool):
        super().__init__()
        rows = []
        for kernel, narrow, wide in zip(kernels, reduced, after, strict=False):
            rows.append(self._row(1, before, narrow, 1))
            rows[-1].extend(self._row(4, narrow, wide, kernel, stride))
        rows.append([("1_pool", pool)])
        if len(reduced) > len(kernels):
            rows[-1].extend(self._row(2, before, reduced[-2], 1))
            rows.append(self._row(1, before, reduced[-1], 1))
        self.seq_list = nn.ModuleList([nn.Sequential(OrderedDict(row)) for row in rows])

    @staticmethod
    def _row(number, before, after, kernel, stride=1):
        return [
            (f"{number}_conv", nn.Conv2d(before, after, kernel, stride, kernel // 2)),
            (f"{number + 1}_bn", nn.BatchNorm2d(after)),
            (f"{number + 2}_relu", nn.ReLU()),
        ]

    def forward(self, x):
        ends = [row(x) for row in self.seq_list]
        size = max(end.shape[-1] for end in ends)
        whole = []
        for end in ends:
            canvas = end.new_zeros(*end.shape[:2], size, size)
            first, side = (size - end.shape[-1]) // 2, end.shape[-1]
            canvas[:, :, first : first + side, first : first + side] = end
            whole.append(canvas)
        return torch.cat(whole, dim=1)


def openface():
    """nn4.small2, its modules numbered as in Torch."""

    def maximum():
        return nn.MaxPool2d(3, 2)

    def length():
        return nn.LPPool2d(2, 3, 3)

    def norm():
        return nn.LocalResponseNorm(5, 0.0001, 0.75)

    two = (3, 5)
    parts = {
        1: nn.Conv2d(3, 64, 7, 2, 3), 2: nn.BatchNorm2d(64), 3: nn.ReLU(),
        4: nn.MaxPool2d(3, 2, 1), 5: norm(),
        6: nn.Conv2d(64, 64, 1), 7: nn.BatchNorm2d(64), 8: nn.ReLU(),
        9: nn.Conv2d(64, 192, 3, padding=1), 10: nn.BatchNorm2d(192), 11: nn.ReLU(),
        12: norm(), 13: nn.MaxPool2d(3, 2, 1),
        14: Padded(192, two, 1, (128, 32), (96, 16, 32, 64), maximum()),
        15: Padded(256, two, 1, (128, 64), (96, 32, 64, 64), length()),
        16: Padded(320, two, 2, (256, 64), (128, 32), maximum()),
        17: Padded(640, two, 1, (192, 64), (96, 32, 128, 256), length()),
        18: Padded(640, two, 2, (256, 128), (160, 64), maximum()),
        19: Padded(1024, (3,), 1, (384,), (96, 96, 256), length()),
        21: Padded(736, (3,), 1, (384,), (96, 96, 256), maximum()),
        22: nn.AvgPool2d(3, 1), 23: nn.Flatten(), 25: nn.Linear(736, 128), 26: Unit(),
    }  # fmt: skip
    return named(**{f"layer{number}": part for number, part in parts.items()})


class Unit(nn.Module):
    def forward(self, x):
        return x / x.norm(dim=1, keepdim=True)


def facenet():
    """facenet-pytorch's own."""
    import_torchvision()
    from facenet_pytorch.models.inception_resnet_v1 import InceptionResnetV1

    return InceptionResnetV1()


def rows():
    """Each golden, the sizes of its images, and what is noted as its version."""
    taps = {"stage1": "blocks.4", "stage3": "blocks.11", "stage5": "blocks.14", "top": "conv2"}
    yield Golden("mobilefacenet", "torch", mobilefacenet, taps, 0.5, {}), [(112, 96)], "layout"
    taps = {"stage1": "layer3", "stage2": "layer11", "stage3": "layer15", "stage4": "layer17"}
    taps |= {"stage5_module4e": "layer18", "stage5_module5a": "layer19", "stage5": "layer21"}
    taps |= {"embedding": "layer25"}
    yield Golden("openface_nn4_small2", "torch", openface, taps, 1.0, {}), [(96, 96)], "layout"
    taps = {"stage1": "conv2d_2b", "stage2": "conv2d_4a", "stage3": "repeat_1"}
    taps |= {"stage4": "repeat_2", "stage5": "block8", "embedding_bn": "last_bn"}
    yield Golden("facenet", "torch", facenet, taps, 1.0, {}), [(96, 75)], "2.6.0"


def main(wanted):
    for row, sizes, version in rows():
        if not wanted or row.name in wanted:
            keep(row, version, *torch_outputs(row, sizes), FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
