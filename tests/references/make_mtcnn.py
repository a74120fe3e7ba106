"""Write the goldens of MTCNN: `faces/facenet-pytorch-mtcnn_*.npz` and `faces/photographs.json`.

    pip install --no-deps facenet-pytorch==2.6.0       # beside what make.py needs
    DLZOO_TEST_DATA=... python -m tests.references.make_mtcnn

facenet-pytorch answers itself: its networks for seeded weights, and its search for the faces
of five photographs with its own weights. torchvision's suppression is compiled; where it is
missing, the one of `make_faster_rcnn` takes its place.
"""

import json
import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.references.draw import draw, image, sample
from tests.references.make import channels_last, keep
from tests.references.make_faster_rcnn import suppress
from tests.references.peers.golden import Golden, import_torchvision

FOLDER = Path(__file__).parent / "faces"
VERSION = "2.6.0"
GAIN = 1.0
NETWORKS = {  # sizes of the image, and our layers by theirs
    "PNet": (((26, 32), (27, 31)), {"pool1": "pool1", "prelu3": "prelu3"}),
    "RNet": (((24, 24),), {"pool2": "pool2", "hidden_prelu": "prelu4"}),
    "ONet": (((48, 48),), {"pool3": "pool3", "hidden_prelu": "prelu5"}),
}
OUTPUTS = {2: ("steps", "scores"), 3: ("steps", "landmarks", "scores")}
CROP = {"file": "kate_siegel_1.jpg", "box": [335.3, 65.5, 473.5, 258.4], "margin": 14}


def network(module, name):
    """The answers of one network for seeded weights."""
    sizes, taps = NETWORKS[name]
    row = Golden(f"mtcnn_{name.lower()}", "facenet-pytorch", None, taps, GAIN, {})
    model = getattr(module, name)(pretrained=False).eval()
    state = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    model.load_state_dict({k: torch.tensor(draw(k, s, GAIN)) for k, s in state.items()})
    found = {}
    for ours, theirs in taps.items():
        model.get_submodule(theirs).register_forward_hook(
            lambda _module, _inputs, value, ours=ours: found.update(
                {ours: channels_last(value)}
            )
        )
    outputs = {}
    for size in sizes:
        with torch.no_grad():
            parts = model(torch.tensor(image((2, *size, 3), seed=size[0])).permute(0, 3, 1, 2))
        answers = zip(OUTPUTS[len(parts)], map(channels_last, parts), strict=True)
        outputs[size] = dict(found) | dict(answers)
    keep(row, VERSION, state, outputs, FOLDER)


def photographs(module, detect_face, folder):
    """The faces of each photograph, the surest first: box and score, and points."""
    detector = module.MTCNN()
    stages = detector.pnet, detector.rnet, detector.onet
    found = {}
    for path in sorted(folder.glob("*.jpg")):
        picture = Image.open(path).convert("RGB")
        limits = [0.6, 0.7, 0.7], 0.709, "cpu"
        with torch.no_grad():
            boxes, points = detect_face.detect_face([picture], 20, *stages, *limits)
        boxes, points = (np.array(part[0], float) for part in (boxes, points))
        order = np.argsort(-boxes[:, 4], kind="stable")
        found[path.name] = {
            "boxes": boxes[order].round(6).tolist(),
            "points": points[order].round(3).tolist(),
        }
        print(f"  {path.name}: {len(boxes)} faces")
    return found


def main():
    import_torchvision()
    from facenet_pytorch.models import mtcnn
    from facenet_pytorch.models.utils import detect_face

    detect_face.batched_nms = lambda boxes, scores, images, limit: suppress(
        boxes, scores, limit
    )
    for name in NETWORKS:
        network(mtcnn, name)
    folder = Path(os.environ["DLZOO_TEST_DATA"], "photographs_with_faces")
    found = photographs(mtcnn, detect_face, folder)
    picture = Image.open(folder / CROP["file"])
    face = detect_face.extract_face(picture, CROP["box"], 160, CROP["margin"])
    pixels = sample(face.permute(1, 2, 0).numpy())[:60]
    facts = {"version": VERSION, "faces": found, "crop": CROP | {"sample": pixels.tolist()}}
    (FOLDER / "photographs.json").write_text(json.dumps(facts, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
