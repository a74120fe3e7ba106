"""Write the goldens of networks for faces: `faces/<peer>-<name>.npz`.

    pip install --no-deps facenet-pytorch==2.6.0    # beside what make.py needs
    python -m tests.references.make_faces [NAME ...]

facenet-pytorch answers itself. MobileFaceNet is no package: the network below is written
from the paper's Table 1 and the names and shapes of the tensors in a published file
(PyTorch's layouts, channels first), with PyTorch's own layers.
"""

import sys
from collections import OrderedDict
from pathlib import Path

from torch import nn

from tests.references.make import keep, torch_outputs
from tests.references.peers.golden import Golden

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


def rows():
    """Each golden, the sizes of its images, and what is noted as its version."""
    taps = {"stage1": "blocks.4", "stage3": "blocks.11", "stage5": "blocks.14", "top": "conv2"}
    yield Golden("mobilefacenet", "torch", mobilefacenet, taps, 0.5, {}), [(112, 96)], "layout"


def main(wanted):
    for row, sizes, version in rows():
        if not wanted or row.name in wanted:
            keep(row, version, *torch_outputs(row, sizes), FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
