"""A network as PyTorch's exported program, for batches (and sides, if open) of any size."""

_TRACED = (2, 64, 96)  # 1 would be taken for a constant; sides that all networks can halve


def program(model):
    """A `torch.export.ExportedProgram` from float32 images to a tuple of answers."""
    import torch
    from keras import tree

    class Flat(torch.nn.Module):
        """The network, answering a tuple in Keras's own order."""

        def __init__(self):
            super().__init__()
            self.network = model

        def forward(self, image):
            return tuple(tree.flatten(self.network(image, training=False)))

    sides = model.inputs[0].shape
    example = [known or some for known, some in zip(sides, (*_TRACED, 0), strict=True)]
    dynamic = {
        axis: torch.export.Dim.DYNAMIC for axis, side in enumerate(sides) if side is None
    }
    whole, images = Flat().eval(), torch.zeros(example)
    with torch.no_grad():
        return torch.export.export(whole, (images,), dynamic_shapes=(dynamic,), strict=False)
