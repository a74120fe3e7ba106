"""Losses of two-stage detectors: what is it, and how far from the proposal to its box."""

import keras
from keras import ops

from dlzoo._boxes.coding import encode
from dlzoo._boxes.matching import BACKGROUND, OBJECT, balanced, match
from dlzoo._boxes.overlap import area
from dlzoo._checks import check_between, check_positive_int

BETA = 1 / 9  # where the smooth L1 turns straight; of Ren et al.'s code and torchvision
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # those of `dlzoo.layers.RoIDetections`


def smooth_l1(error, beta=BETA):
    """`error^2 / (2 beta)` below beta, `|error| - beta / 2` from there on.

    Girshick 2015, https://arxiv.org/abs/1504.08083, eq. 3, there with beta = 1.

    Example:
        >>> float(smooth_l1(ops.convert_to_tensor(2.0), beta=1.0))
        1.5
    """
    size = ops.abs(error)
    return ops.where(size < beta, ops.square(error) / (2 * beta), size - beta / 2)


@keras.saving.register_keras_serializable("dlzoo")
class RPNLoss(keras.losses.Loss):
    """Binary cross entropy of objectness, and smooth L1 of the steps of anchors on objects.

    Ren et al. 2015, https://arxiv.org/abs/1506.01497, eq. 1: an anchor is an object from IoU
    `high` on, or if none has more with a true box; background below `low`; others do not
    count. Of each image `anchors` count, half of them objects where there are so many, drawn
    by lot. Both terms are divided by the number of anchors that count, as in torchvision.

    Args:
        low, high: IoU.
        anchors: That count in an image; all, where the predictions bring no lots.
        share: Of them, at most, that are objects.

    Called with:
        y_true: `(batch, m, 5)`: true boxes in pixels and their class, -1 where there is none.
        y_pred: `(batch, n, 10)`: logit, four steps, the anchor, the lot, as `WithLots` of a
            `RegionProposalHead` gives them; or 9 numbers without the lot.

    Example:
        >>> truth = ops.convert_to_tensor([[[0.0, 0.0, 8.0, 8.0, 3.0]]])
        >>> predicted = [[[0.0] * 5 + [0.0, 0.0, 8.0, 8.0], [0.0] * 5 + [9.0, 9.0, 17.0, 17.0]]]
        >>> round(float(RPNLoss()(truth, ops.convert_to_tensor(predicted))), 4)   # log 2
        0.6931
    """

    def __init__(
        self, low=0.3, high=0.7, anchors=256, share=0.5, name="rpn_loss", **kwargs
    ):  # fmt: skip
        super().__init__(name=name, **kwargs)
        check_between("RPNLoss", "high", high, 0, 1)
        check_between("RPNLoss", "low", low, 0, high)
        check_positive_int("RPNLoss", "anchors", anchors)
        check_between("RPNLoss", "share", share, 0, 1)
        self.low = low
        self.high = high
        self.anchors = anchors
        self.share = share

    def call(self, y_true, y_pred):
        logits, steps, anchors = y_pred[..., 0], y_pred[..., 1:5], y_pred[..., 5:9]
        anchors = ops.stop_gradient(anchors)
        kinds, matched = match(anchors, y_true, low=self.low, high=self.high, best_too=True)
        positive, negative = kinds == OBJECT, kinds == BACKGROUND
        if y_pred.shape[-1] > 9:
            lots, objects = ops.stop_gradient(y_pred[..., 9]), int(self.anchors * self.share)
            positive, negative = balanced(kinds, lots, self.anchors, objects)
        positive, counts = (
            ops.cast(each, logits.dtype) for each in (positive, positive | negative)
        )
        # log(1 + exp(logit)), less the logit where the truth is 1
        surprise = (ops.softplus(logits) - positive * logits) * counts
        wanted = ops.cast(encode(matched[..., :4], anchors), steps.dtype)
        away = ops.sum(smooth_l1(steps - ops.stop_gradient(wanted)), axis=-1) * positive
        total = ops.maximum(ops.sum(counts, axis=-1), 1.0)
        return (ops.sum(surprise, axis=-1) + ops.sum(away, axis=-1)) / total

    def get_config(self):
        return super().get_config() | {
            "low": self.low,
            "high": self.high,
            "anchors": self.anchors,
            "share": self.share,
        }


@keras.saving.register_keras_serializable("dlzoo")
class FastRCNNLoss(keras.losses.Loss):
    """`L_cls + box_weight [u >= 1] L_loc`, Girshick 2015, https://arxiv.org/abs/1504.08083.

    Equations 1 to 3: cross entropy over background and classes, and the smooth L1 of the steps
    of the true class u where there is an object. Both are divided by the number of boxes.

    Args:
        iou_threshold: From which on a box is an object.
        box_weight: The paper's lambda.
        beta: Where the smooth L1 turns straight; the paper's is 1.

    Called with:
        y_true: `(batch, m, 5)`: true boxes in pixels and their class, -1 where there is none.
        y_pred: `(batch, n, 4 + 5 (1 + classes))`: the boxes that were looked at, empty ones
            do not count; logits, the background first; four steps for each of them, times
            10, 10, 5 and 5.

    Example:
        >>> truth = ops.convert_to_tensor([[[0.0, 0.0, 8.0, 8.0, 0.0]]])
        >>> predicted = ops.convert_to_tensor([[[0.0, 0.0, 8.0, 8.0] + [0.0] * 10]])
        >>> round(float(FastRCNNLoss()(truth, predicted)), 4)   # log 2
        0.6931
    """

    def __init__(
        self, iou_threshold=0.5, box_weight=1.0, beta=BETA, name="fast_rcnn_loss", **kwargs
    ):  # fmt: skip
        super().__init__(name=name, **kwargs)
        check_between("FastRCNNLoss", "iou_threshold", iou_threshold, 0, 1)
        check_between("FastRCNNLoss", "box_weight", box_weight, 0, 1e6)
        check_between("FastRCNNLoss", "beta", beta, 1e-6, 1e6)
        self.iou_threshold = iou_threshold
        self.box_weight = box_weight
        self.beta = beta

    def call(self, y_true, y_pred):
        kinds = (y_pred.shape[-1] - 4) // 5  # background, and the classes
        boxes = ops.stop_gradient(y_pred[..., :4])
        logits, steps = y_pred[..., 4 : 4 + kinds], y_pred[..., 4 + kinds :]
        limits = {"low": self.iou_threshold, "high": self.iou_threshold}
        found, matched = match(boxes, y_true, **limits)
        there = ops.cast(area(boxes) > 0, logits.dtype)
        label = ops.where(found == OBJECT, ops.cast(matched[..., 4], "int32") + 1, 0)
        chosen = ops.one_hot(label, kinds, dtype=logits.dtype)
        surprise = ops.logsumexp(logits, axis=-1) - ops.sum(logits * chosen, axis=-1)
        steps = ops.reshape(steps, (*ops.shape(steps)[:2], kinds, 4))
        steps = ops.sum(steps * chosen[..., None], axis=2)
        wanted = ops.cast(encode(matched[..., :4], boxes, weights=BOX_WEIGHTS), steps.dtype)
        away = ops.sum(smooth_l1(steps - ops.stop_gradient(wanted), self.beta), axis=-1)
        away = ops.where(label > 0, away, 0.0)
        loss = (surprise + self.box_weight * away) * there
        return ops.sum(loss, axis=-1) / ops.maximum(ops.sum(there, axis=-1), 1.0)

    def get_config(self):
        return super().get_config() | {
            "iou_threshold": self.iou_threshold,
            "box_weight": self.box_weight,
            "beta": self.beta,
        }
