"""PyTorch's exported program: `model.pt2`."""

from pathlib import Path

FILE = "model.pt2"


def write(model, folder: Path) -> None:
    import torch

    from dlzoo.exporting.formats._program import program

    torch.export.save(program(model), folder / FILE)


def load(folder: Path, description, *, batch_size, threads=None):
    import torch

    module = torch.export.load(folder / FILE).module()
    if threads:
        torch.set_num_threads(threads)

    def run(images):
        if not images.flags.writeable:  # of which PyTorch warns
            images = images.copy()
        with torch.inference_mode():
            return [answer.numpy() for answer in module(torch.from_numpy(images))]

    return run
