"""Write `vgg_small.npz`: what PyTorch makes of the weights that dlzoo ships.

    pip install torch safetensors
    python -m tests.references.make_vgg_small

The network is written here from the words of its card alone; nothing of dlzoo is imported.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional

HERE = Path(__file__).parent
WEIGHTS = HERE.parents[1] / "dlzoo" / "weights" / "vgg_small_tiny_imagenet.safetensors"
DEPTHS = (2, 2, 2, 3, 2)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def kernel(tensor):
    """Height, width, in, out to PyTorch's out, in, height, width."""
    return tensor.double().permute(3, 2, 0, 1)


def main():
    tensors = load_file(WEIGHTS)
    image = np.random.default_rng(0).integers(0, 256, (2, 45, 64, 3), dtype=np.uint8)
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (MEAN, STD))
    x = ((torch.tensor(image).double() / 255 - mean) / std).permute(0, 3, 1, 2)
    arrays = {"image": image}
    for stage, depth in enumerate(DEPTHS, 1):
        if stage > 1:
            x = functional.avg_pool2d(x, 2)
        for number in range(1, depth + 1):
            name = f"stage{stage}_conv{number}"
            bias = tensors[f"{name}/bias"].double()
            x = functional.relu(
                functional.conv2d(x, kernel(tensors[f"{name}/kernel"]), bias, padding=1)
            )
        arrays[name] = x[:, ::8].permute(0, 2, 3, 1).numpy().astype("float32")
    x = functional.avg_pool2d(x, 2).mean((2, 3))
    logits = x @ tensors["head/kernel"].double() + tensors["head/bias"].double()
    np.savez_compressed(HERE / "vgg_small.npz", logits=logits.numpy(), **arrays)


if __name__ == "__main__":
    main()
