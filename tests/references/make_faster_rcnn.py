"""Write the goldens of two-stage detection: `detection/faster_rcnn.npz`, `roi_align.npz`.

    python -m tests.references.make_faster_rcnn        # needs what make.py needs

torchvision's own network answers for seeded weights, with its detector's epsilon of 0. Its
operators are compiled; where they are missing its own `_roi_align` in Python takes the place
of one (uncompiled, and with the rule of the compiled kernels that a sample more than a step
outside the map is 0, which it leaves out), and the greedy suppression below that of the other.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from tests.references.draw import draw, image, sample
from tests.references.peers.golden import import_torchvision

FOLDER = Path(__file__).parent / "detection"
GAIN = 0.7
SIZE = (96, 160)
SCALES = {  # so that boxes stay in the image, and probabilities differ
    "rpn.head.bbox_pred": 0.005,
    "rpn.head.cls_logits": 0.02,
    "box_predictor.bbox_pred": 0.1,
    "box_predictor.cls_score": 0.015,
}
LIMITS = {
    "rpn_pre_nms_top_n_test": 200,
    "rpn_post_nms_top_n_test": 40,
    "box_score_thresh": 0.05,
    "box_detections_per_img": 60,
}
CLASSES = 6


def suppress(boxes, scores, iou_threshold):
    """`torchvision.ops.nms` as it is documented."""
    order = torch.argsort(scores, descending=True, stable=True).tolist()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    for i in order:
        low = torch.maximum(boxes[i, :2], boxes[kept, :2])
        high = torch.minimum(boxes[i, 2:], boxes[kept, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        if not bool((shared / (areas[i] + areas[kept] - shared) > iou_threshold).any()):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


def weight(name, shape):
    """A tensor of the reference, drawn by its name."""
    scale = next((scale for part, scale in SCALES.items() if part in name), 1.0)
    return draw(name, shape, GAIN) * np.float32(scale)


def detector(torchvision):
    """torchvision's network with seeded weights, and the shapes of its tensors."""
    detection = torchvision.models.detection
    # as `fasterrcnn_resnet50_fpn` with weights: without, it would normalise batches
    backbone = detection.backbone_utils.resnet_fpn_backbone(
        backbone_name="resnet50", weights=None
    )
    network = detection.FasterRCNN(
        backbone,
        1 + CLASSES,
        min_size=min(SIZE),
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        **LIMITS,
    ).eval()
    detection._utils.overwrite_eps(network, 0.0)
    state = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    network.load_state_dict({n: torch.tensor(weight(n, s)) for n, s in state.items()})
    return network, state


def answers(network):
    """What each part of the network answers, channels last."""
    found = {}

    def keep(part, name):
        def hook(_module, _inputs, value):
            found[name] = value

        network.get_submodule(part).register_forward_hook(hook)

    keep("backbone", "levels")
    keep("rpn.head", "rpn")
    keep("rpn", "proposals")
    keep("roi_heads.box_predictor", "second")
    pixels = torch.tensor(image((1, *SIZE, 3), seed=SIZE[0])).permute(0, 3, 1, 2)
    with torch.no_grad():
        detections = network(list(pixels))[0]
    for place, level in enumerate(found["levels"].values(), 1):
        yield f"pyramid{place}", level.permute(0, 2, 3, 1)
    for part, name in zip(found["rpn"], ("objectness", "steps"), strict=True):
        for place, level in enumerate(part, 1):
            yield f"{name}{place}", level.permute(0, 2, 3, 1)
    boxes = found["proposals"][0][0]
    yield "proposals", boxes
    logits, steps = found["second"]
    yield "logits", logits
    yield "steps", steps
    decoded = network.roi_heads.box_coder.decode(steps, [boxes])
    yield "decoded", decoded
    for name in ("boxes", "scores", "labels"):
        yield name, detections[name]


def with_border(interpolate):
    """What the compiled kernels do outside of the map."""

    def sampled(features, image, y, x, rows, columns):
        found = interpolate(features, image, y, x, rows, columns)
        height, width = features.shape[2:]
        down, across = (y >= -1) & (y <= height), (x >= -1) & (x <= width)
        return found * (down[:, None, :, None, :, None] & across[:, None, None, :, None, :])

    return sampled


def write_detector(torchvision):
    network, state = detector(torchvision)
    arrays = {}
    for name, value in answers(network):
        value = value.numpy()
        arrays[name] = value if value.size < 1500 else sample(value)
        arrays[f"{name}/shape"] = np.array(value.shape)
        print(f"  {name}: {value.shape}, mean {value.mean():.3g}, std {value.std():.3g}")
    facts = {"size": SIZE, "scales": SCALES, "gain": GAIN, "classes": CLASSES, "state": state}
    facts |= {"limits": LIMITS, "version": torchvision.__version__}
    save("faster_rcnn", arrays, facts)


def write_roi_align(torchvision):
    """Every way to align, on boxes small, large, beyond the border and empty."""
    features = torch.tensor(image((2, 9, 12, 3), seed=1)).permute(0, 3, 1, 2)
    boxes = [[3.1, 4.2, 30.7, 20.9], [0, 0, 48, 36], [10, 11, 11, 12.5], [30, -20, 63, 50]]
    boxes = np.array([boxes, boxes[::-1]], "float32")
    rois = [torch.tensor(each) for each in boxes]
    arrays = {"boxes": boxes, "features": features.permute(0, 2, 3, 1).numpy()}
    for aligned in (False, True):
        for sampling in (0, 1, 2):
            found = torchvision.ops.roi_align(features, rois, (3, 2), 0.25, sampling, aligned)
            found = found.permute(0, 2, 3, 1).reshape(2, 4, 3, 2, 3)
            arrays[f"{aligned}-{sampling}"] = found.numpy()
    levels = {str(n): torch.tensor(image((1, 32 >> n, 48 >> n, 2), seed=n)) for n in range(3)}
    levels = {name: level.permute(0, 3, 1, 2) for name, level in levels.items()}
    boxes = [[0, 0, 20, 20], [0, 0, 56, 56], [2, 3, 100, 120], [0, 0, 190, 120]]
    boxes = torch.tensor(boxes, dtype=torch.float32)
    pool = torchvision.ops.MultiScaleRoIAlign(["0", "1", "2"], 2, 2, canonical_scale=224)
    found = pool(levels, [boxes], [(128, 192)])
    arrays |= {"many/boxes": boxes.numpy(), "many": found.permute(0, 2, 3, 1).numpy()}
    save("roi_align", arrays, {"version": torchvision.__version__})


def save(name, arrays, facts):
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), "uint8")
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


def main():
    torchvision = import_torchvision()
    aligning = sys.modules["torchvision.ops.roi_align"]
    aligning._has_ops = lambda: False
    aligning._roi_align = aligning._roi_align.__wrapped__
    aligning._bilinear_interpolate = with_border(aligning._bilinear_interpolate)
    torchvision.ops.boxes.nms = suppress
    write_roi_align(torchvision)
    write_detector(torchvision)


if __name__ == "__main__":
    main()
