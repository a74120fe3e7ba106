"""Faster R-CNN: what is published where. Parameters are the trainable ones, for COCO."""

from dlzoo.weights.facts import IMAGENET, Card, Weights

_STEM = "fasterrcnn_resnet50_fpn_coco-258fb6c6"

CARDS = (
    Card(
        name="faster_rcnn",
        task="detection",
        title="Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks",
        paper="https://arxiv.org/abs/1506.01497",
        year=2015,
        # torchvision prints 41,755,286, batch normalisation frozen.
        parameters={"torch": 41_755_286},
        gmacs=134.38,  # torchvision's, for its own resized image
        input_size=800,
        minimum_size=64,
        weights=(
            Weights(
                name="coco",
                origin="torch",
                url=f"https://download.pytorch.org/models/{_STEM}.pth",
                filename=f"{_STEM}.pth",
                hash="sha256:258fb6c6",
                megabytes=159.743,
                top1=None,
                top5=None,
                licence="BSD-3-Clause",
                preprocessing=IMAGENET.at(size=800, crop_fraction=1.0),
                labels="",
                options={"backbone": "resnet50", "pyramid": True},
                note="Box AP 37.0 on COCO val2017; class n is COCO's category n + 1 of 90.",
            ),
        ),
        default_origin="torch",
        classes=90,
    ),
)
