"""What goes behind a YOLO network: its loss in training, its detections afterwards."""

from dlzoo.layers import YOLOCandidates, YOLODetections
from dlzoo.layers.inside import sublayers
from dlzoo.losses.yolo import YOLOLoss
from dlzoo.models.network import Network


def yolo_detector(
    model,
    *,
    most=100,
    score_threshold=0.05,
    iou_threshold=0.45,
    candidates=1000,
    name=None,
):
    """A detector of a YOLO network: decoding and suppression inside the model.

    Args:
        model: What `yolo`, `yolo_v2`, `yolo_v3` or a tiny one returned, or a model around it.
        most, score_threshold, iou_threshold, candidates: As in `YOLODetections`.
        name: Of the detector; None for the network's.

    Returns:
        A `keras.Model` from the same images to a dict: `boxes` `(batch, most, 4)` in pixels of
        the input, `scores` and `classes` `(batch, most)`, `count` `(batch,)`. It shares its
        weights with `model`.

    Raises:
        ValueError: `model` is no YOLO network.

    Example:
        >>> import dlzoo
        >>> model = dlzoo.models.yolo_v3_tiny(classes=2, input_shape=(64, 64, 3))
        >>> yolo_detector(model, most=7).output["boxes"].shape
        (None, 7, 4)
    """
    layer = YOLODetections(
        **_facts("yolo_detector", model),
        most=most,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        candidates=candidates,
        name="detections",
    )
    found = layer([model.outputs[0], model.inputs[0]])
    return Network(model.inputs[0], found, name=name or model.name)


def yolo_loss(model, **options):
    """The `YOLOLoss` that goes with a YOLO network: its anchors, strides and sides.

    Args:
        model: As in `yolo_detector`.
        **options: Further arguments of `dlzoo.losses.YOLOLoss`.

    Example:
        >>> import dlzoo
        >>> model = dlzoo.models.yolo_v2_tiny(classes=2, input_shape=(64, 64, 3))
        >>> yolo_loss(model).input_shape
        (64, 64)
    """
    sides = tuple(model.inputs[0].shape[1:3])
    if None not in sides:
        options = {"input_shape": sides} | options
    return YOLOLoss(**_facts("yolo_loss", model), **options)


def _facts(who, model):
    """What the layer in front of the answers knows."""
    for layer in sublayers(model):
        if isinstance(layer, YOLOCandidates):
            return layer.facts
    raise ValueError(
        f"{who}: model must be a YOLO network that answers candidates, e.g. "
        f"dlzoo.models.yolo_v3(); got {model.name!r}."
    )
