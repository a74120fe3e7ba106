"""Write `style.npz`: losses of style transfer and their gradients, by PyTorch.

    pip install torch
    python -m tests.references.make_style

The objective is that of the well-known programs in PyTorch, in channels-first float64 and with
its own autograd; nothing of dlzoo is imported here.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

PATH = Path(__file__).parent / "style.npz"
CONTENT, STYLE = (2, 5, 4, 6), (2, 3, 7, 6)  # batch, height, width, channels


def gram(x):
    """`(batch, channels, channels)`, divided by the number of elements of a picture."""
    batch, channels, height, width = x.shape
    flat = x.reshape(batch, channels, height * width)
    return flat @ flat.transpose(1, 2) / (channels * height * width)


def variation(x):
    """Squared differences of neighbours below and to the right, the border left out."""
    down = x[:, :, 1:, :-1] - x[:, :, :-1, :-1]
    right = x[:, :, :-1, 1:] - x[:, :, :-1, :-1]
    return (down**2 + right**2).sum()


def main():
    rng = np.random.default_rng(0)
    arrays = {
        "picture": rng.normal(size=CONTENT),
        "content": rng.normal(size=CONTENT),
        "style": rng.normal(size=STYLE),
    }
    first = {key: torch.tensor(value).permute(0, 3, 1, 2) for key, value in arrays.items()}
    objectives = {
        "content_loss": lambda x: functional.mse_loss(x, first["content"]),
        "style_loss": lambda x: functional.mse_loss(gram(x), gram(first["style"])),
        "total_variation": variation,
    }
    for name, objective in objectives.items():
        picture = first["picture"].clone().requires_grad_()
        loss = objective(picture)
        loss.backward()
        arrays[name] = loss.detach().numpy()
        arrays[f"{name}/gradient"] = picture.grad.permute(0, 2, 3, 1).numpy()
    arrays["gram"] = gram(first["style"]).numpy()
    np.savez_compressed(PATH, **arrays)


if __name__ == "__main__":
    main()
