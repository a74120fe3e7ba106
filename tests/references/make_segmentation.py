"""Write the goldens of the U-Nets: `segmentation/<peer>-<name>.npz`.

    pip install --no-deps segmentation-models-pytorch==0.6.0    # beside what make.py needs
    python -m tests.references.make_segmentation

segmentation_models_pytorch answers itself. milesial/Pytorch-UNet is no package: `UNet` below
is written from its drawing and the names of its tensors, with PyTorch's own layers.
"""

import sys
from pathlib import Path

import torch
from torch import nn

from tests.references.make import keep, torch_outputs
from tests.references.peers.golden import Golden, import_torchvision

FOLDER = Path(__file__).parent / "segmentation"
ANY = ((64, 64), (75, 65))
MULTIPLES = ((64, 64), (96, 32))
DECODER = {f"up{n}_conv2": f"decoder.blocks.{n - 1}.conv2" for n in range(1, 6)}
LEVELS = (64, 128, 256, 512, 1024)


class Block(nn.Module):
    """Two convolutions, each normalised, under the name that the files have."""

    def __init__(self, before, middle, after):
        super().__init__()
        parts = []
        for channels_in, channels_out in ((before, middle), (middle, after)):
            parts += [
                nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
                nn.ReLU(),
            ]
        self.double_conv = nn.Sequential(*parts)

    def forward(self, x):
        return self.double_conv(x)


class Lower(nn.Module):
    """Half the sides, then a block."""

    def __init__(self, before, after):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Block(before, after, after))

    def forward(self, x):
        return self.maxpool_conv(x)


class Upper(nn.Module):
    """Twice the sides, zeros around it to the size of `skip`, then a block on both."""

    def __init__(self, channels, after, bilinear):
        super().__init__()
        half = channels // 2
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            self.up = nn.ConvTranspose2d(channels, half, 2, stride=2)
        self.conv = Block(channels, half, after)

    def forward(self, x, skip):
        x = self.up(x)
        rows, columns = (skip.shape[axis] - x.shape[axis] for axis in (2, 3))
        around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        x = nn.functional.pad(x, around)
        return self.conv(torch.cat([skip, x], dim=1))


class UNet(nn.Module):
    def __init__(self, bilinear):
        super().__init__()
        share = 2 if bilinear else 1
        self.inc = Block(3, LEVELS[0], LEVELS[0])
        for place in range(1, 5):
            after = LEVELS[place] // (share if place == 4 else 1)
            self.add_module(f"down{place}", Lower(LEVELS[place - 1], after))
            before, up = LEVELS[5 - place], LEVELS[4 - place]
            up = up if place == 4 else up // share
            self.add_module(f"up{place}", Upper(before, up, bilinear))
        self.outc = nn.Module()
        self.outc.conv = nn.Conv2d(LEVELS[0], 2, 1)

    def forward(self, x):
        maps = [self.inc(x)]
        for place in range(1, 5):
            maps.append(self.get_submodule(f"down{place}")(maps[-1]))
        x = maps.pop()
        for place in range(1, 5):
            x = self.get_submodule(f"up{place}")(x, maps.pop())
        return self.outc.conv(x)


def rows():
    """Each golden, the sizes of its images, and whose version is noted."""
    taps = {"stage1": "inc"} | {f"stage{n + 1}": f"down{n}" for n in range(1, 5)}
    taps |= {f"up{5 - n}_conv2": f"up{n}" for n in range(1, 5)}
    yield Golden("unet", "milesial", lambda: UNet(False), taps, 1.0, {}), ANY
    options = {"upsampling": "bilinear"}
    yield Golden("unet", "milesial", lambda: UNet(True), taps, 1.0, options), ANY
    import_torchvision()
    import segmentation_models_pytorch as smp

    taps = {f"stage{n}": f"encoder.layer{n}" for n in range(1, 5)} | DECODER
    for backbone, gain in (("resnet34", 0.7), ("resnet50", 0.7)):
        yield (
            Golden(
                "unet_backbone",
                "smp",
                lambda backbone=backbone: smp.Unet(backbone, encoder_weights=None, classes=2),
                taps,
                gain,
                {"backbone": backbone},
            ),
            MULTIPLES,
        )


def main(wanted):
    for row, sizes in rows():
        if not wanted or row.name in wanted:
            version = "its layout" if row.peer == "milesial" else "0.6.0"
            keep(row, version, *torch_outputs(row, sizes), FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
