"""PyTorch's exported program: `model.pt2`."""

from pathlib import Path

FILE = "model.pt2"


def write(model, folder: Path) -> None:
    import torch
    from keras import tree

    class Flat(torch.nn.Module):
        """The network, answering a tuple in Keras's own order."""

        def __init__(self):
            super().__init__()
            self.network = model

        def forward(self, image):
            return tuple(tree.flatten(self.network(image, training=False)))

    shape = [2 if side is None else side for side in model.inputs[0].shape]
    dynamic = {
        axis: torch.export.Dim.AUTO
        for axis, side in enumerate(model.inputs[0].shape)
        if side is None
    }
    with torch.no_grad():
        program = torch.export.export(
            Flat().eval(), (torch.zeros(shape),), dynamic_shapes=(dynamic,), strict=False
        )
    torch.export.save(program, folder / FILE)


def load(folder: Path, description, *, batch_size, threads=None):
    import torch

    module = torch.export.load(folder / FILE).module()
    if threads:
        torch.set_num_threads(threads)

    def run(images):
        with torch.inference_mode():
            return [answer.numpy() for answer in module(torch.from_numpy(images))]

    return run
