"""Training a two-stage detector in one model: the true boxes are an input, too.

The second stage learns from some of the proposals, in a fixed share of objects and
background. Which they are depends on the true boxes, so these enter where proposals are
drawn; the losses get them as targets besides.
"""

import keras
from keras import layers, ops

from dlzoo.layers import RoIAlign, RoIPool, SampledRoIs, WithLots
from dlzoo.losses import FastRCNNLoss, RPNLoss
from dlzoo.models.network import Network
from dlzoo.models.regions import HEADS, freeze_normalization
from dlzoo.models.taps import tensors_before


def training_network(model, *, rois=128, seed=None):
    """The network that trains `model`; they share their weights.

    Args:
        model: What `dlzoo.models.faster_rcnn` or `fast_rcnn` built.
        rois: Boxes of an image that the second stage learns from.
        seed: Of the draws.

    Returns:
        A `keras.Model` from `{"image": (batch, height, width, channels), "truth": (batch, m,
        5)}`, see `truth`, to `{"rpn": ..., "rois": ...}`, for the losses
        `training_losses(model)`; the target of both is the same `truth` again. That of a
        `fast_rcnn` takes `"proposals"`, too, and answers `"rois"` alone.

    Example:
        >>> import dlzoo
        >>> model = dlzoo.models.faster_rcnn(classes=3, input_shape=(64, 64, 3), proposals=20,
        ...     backbone="mobilenet_v2", backbone_options={"alpha": 0.35})
        >>> {name: x.shape for name, x in training_network(model, rois=16).output.items()}
        {'rpn': (None, 1023, 10), 'rois': (None, 16, 24)}
    """
    truth = keras.Input((None, 5), name="truth", dtype="float32")
    inputs = {tensor.name: tensor for tensor in model.inputs} | {"truth": truth}
    read = roi_layer(model)
    boxes, *levels = first_inputs(model, read.name)
    drawn = SampledRoIs(rois, seed=seed, name="sampled_rois")([boxes, truth])
    x = read([drawn, *levels])
    before = list(tensors_before(first_inputs(model, HEADS[0])[0]))
    for name in before[before.index(read.name) + 1 :]:
        x = model.get_layer(name)(x)
    answers = [drawn, *(model.get_layer(name)(x) for name in HEADS)]
    outputs = {}
    if _proposes(model):
        _, *predicted = first_inputs(model, "proposals")
        outputs["rpn"] = WithLots(seed=seed, name="with_lots")(predicted)
    outputs["rois"] = layers.Concatenate(dtype="float32", name="roi_answers")(answers)
    return freeze_normalization(Network(inputs, outputs, name=f"{model.name}_training"))


def training_losses(model: keras.Model | None = None) -> dict[str, keras.losses.Loss]:
    """What `training_network(model)` is compiled with: the loss of each stage, by output.

    Of a `faster_rcnn`, as of None, both; of a `fast_rcnn` that of its paper.
    """
    if model is None or _proposes(model):
        return {"rpn": RPNLoss(), "rois": FastRCNNLoss()}
    return {"rois": FastRCNNLoss(beta=1.0)}


def truth(boxes, classes):
    """True boxes and classes as the training takes them.

    Args:
        boxes: `(..., m, 4)` in pixels.
        classes: `(..., m)`, -1 where there is no box.

    Returns:
        float32 `(..., m, 5)`.

    Example:
        >>> tuple(truth([[0.0, 0.0, 8.0, 8.0]], [2]).shape)
        (1, 5)
    """
    boxes, classes = (ops.cast(ops.convert_to_tensor(x), "float32") for x in (boxes, classes))
    return ops.concatenate([boxes, classes[..., None]], axis=-1)


def roi_layer(model):
    """The layer that reads boxes from the map or the maps of a detector; None without one."""
    kinds = (RoIAlign, RoIPool)
    return next((layer for layer in model.layers if isinstance(layer, kinds)), None)


def _proposes(model):
    """Whether a detector has a first stage, or is given the proposals."""
    return any(layer.name == "rpn" for layer in model.layers)


def first_inputs(model, name):
    """What a layer got when the model was built; later calls of it are no concern of ours."""
    return model.get_layer(name)._inbound_nodes[0].input_tensors  # no public way (3.15.1)
