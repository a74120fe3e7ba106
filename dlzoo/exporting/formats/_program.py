"""A network as PyTorch's exported program, for batches (and sides, if open) of any size."""

import torch
from keras import tree

_TRACED = (2, 64, 96)  # 1 would be taken for a constant; sides that all networks can halve


class _Flat(torch.nn.Module):
    """The network, answering a tuple in Keras's own order."""

    def __init__(self, model):
        super().__init__()
        self.network = model

    def forward(self, image):
        return tuple(tree.flatten(self.network(image, training=False)))


def program(model):
    """A `torch.export.ExportedProgram` from float32 images to a tuple of answers."""
    sides = model.inputs[0].shape
    example = [known or some for known, some in zip(sides, (*_TRACED, 0), strict=True)]
    dynamic = {
        axis: torch.export.Dim.DYNAMIC for axis, side in enumerate(sides) if side is None
    }
    whole, images = _Flat(model).eval(), torch.zeros(example)
    with torch.no_grad():
        return torch.export.export(whole, (images,), dynamic_shapes=(dynamic,), strict=False)
