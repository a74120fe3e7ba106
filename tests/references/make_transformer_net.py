"""Write `transformer_net.npz`: what the published network for fast style transfer answers.

    pip install torch
    python -m tests.references.make_transformer_net

The module is written from the published layout of `fast_neural_style` in pytorch/examples: the
same parts under the same names, so that its state has the names and shapes of the files that
people own. Nothing of dlzoo is imported here.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tests.references.draw import draw, image, sample

PATH = Path(__file__).parent / "transformer_net.npz"
SIZES = ((32, 40), (45, 30))  # height, width
GAIN = 1.0


class Conv(nn.Module):
    """Nearest upsampling, mirrored border, convolution."""

    def __init__(self, inputs, outputs, kernel, stride=1, upsample=1):
        super().__init__()
        self.pad = kernel // 2
        self.upsample = upsample
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x):
        if self.upsample > 1:
            x = functional.interpolate(x, scale_factor=self.upsample, mode="nearest")
        return self.conv2d(functional.pad(x, 4 * [self.pad], mode="reflect"))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = Conv(channels, channels, 3)
        self.in1 = nn.InstanceNorm2d(channels, affine=True)
        self.conv2 = Conv(channels, channels, 3)
        self.in2 = nn.InstanceNorm2d(channels, affine=True)

    def forward(self, x):
        return x + self.in2(self.conv2(functional.relu(self.in1(self.conv1(x)))))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (3, 32, 64, 128)
        for number, (kernel, stride) in enumerate(((9, 1), (3, 2), (3, 2)), 1):
            conv = Conv(widths[number - 1], widths[number], kernel, stride)
            self.add_module(f"conv{number}", conv)
            self.add_module(f"in{number}", nn.InstanceNorm2d(widths[number], affine=True))
        for number in range(1, 6):
            self.add_module(f"res{number}", Residual(128))
        self.deconv1, self.in4 = Conv(128, 64, 3, 1, 2), nn.InstanceNorm2d(64, affine=True)
        self.deconv2, self.in5 = Conv(64, 32, 3, 1, 2), nn.InstanceNorm2d(32, affine=True)
        self.deconv3 = Conv(32, 3, 9)

    def forward(self, x):
        """Outputs by our names of the layers."""
        found = {}
        for ours, conv, norm in (("stem", 1, 1), ("down1", 2, 2), ("down2", 3, 3)):
            conv, norm = self.get_submodule(f"conv{conv}"), self.get_submodule(f"in{norm}")
            found[ours] = x = functional.relu(norm(conv(x)))
        for number in range(1, 6):
            found[f"res{number}_add"] = x = self.get_submodule(f"res{number}")(x)
        found["up1"] = x = functional.relu(self.in4(self.deconv1(x)))
        found["up2"] = x = functional.relu(self.in5(self.deconv2(x)))
        return found | {"rgb": self.deconv3(x)}


def main():
    model = Network().eval()
    state = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    drawn = {name: torch.tensor(draw(name, shape, GAIN)) for name, shape in state.items()}
    model.load_state_dict(drawn)
    arrays = {}
    for height, width in SIZES:
        pixels = 127.5 + 60 * image((2, height, width, 3), seed=height)
        with torch.no_grad():
            found = model(torch.tensor(pixels).permute(0, 3, 1, 2))
        for tap, value in found.items():
            value = value.permute(0, 2, 3, 1).numpy()
            if tap == "rgb":  # where it added pixels, they are at the bottom and right
                value = value[:, :height, :width]
            key = f"{height}x{width}/{'picture' if tap == 'rgb' else tap}"
            arrays |= {key: sample(value), f"{key}/shape": np.array(value.shape)}
            arrays[f"{key}/std"] = np.float32(value.std())
            print(f"  {key}: {value.shape}, mean {value.mean():.3g}, std {value.std():.3g}")
    facts = {"sizes": SIZES, "state": state, "gain": GAIN, "peer": "torch"}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), "uint8")
    np.savez_compressed(PATH, **arrays)
    print(f"{PATH.name}: {PATH.stat().st_size / 1e3:.0f} kB, {len(state)} tensors")


if __name__ == "__main__":
    main()
