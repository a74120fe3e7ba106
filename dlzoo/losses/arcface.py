"""Classification by angles, with a margin: what large face networks are trained with."""

import math

import keras
from keras import ops

from dlzoo._checks import check_between
from dlzoo.losses.triplet import whole_labels

_INSIDE = 1 - 1e-6  # cosines are kept so far from 1, where the slope of the sine is infinite


@keras.saving.register_keras_serializable("dlzoo")
class ArcFaceLoss(keras.losses.Loss):
    """Cross entropy of `scale * cos(angle)`, `angle + margin` for the true class.

    Deng et al. 2019, https://arxiv.org/abs/1801.07698, equation 3. The angles are those
    between an embedding and the direction of each class, whose cosines
    `dlzoo.layers.CosineScores` gives; it is only needed in training.

    Where `angle + margin` would pass 180 degrees the cosine would rise again and the loss with
    a larger angle fall. There the cosine is taken less `margin * sin(margin)` instead: lower
    still, and with a slope.

    Args:
        scale: Factor of the cosines; the paper's is 64. Few classes need less: about
            `sqrt(2) * log(classes - 1)` (Zhang et al. 2019, AdaCos,
            https://arxiv.org/abs/1905.00292).
        margin: Radians.
        easy_margin: The margin only where the angle is below 90 degrees, as in the authors'
            program; where training does not begin to learn otherwise.

    Called with whole-numbered labels `(batch,)` or `(batch, 1)` and cosines
    `(batch, classes)`; one number an image, in float32.

    Raises:
        ValueError: `scale` or `margin` is out of its range.

    Example:
        >>> labels = ops.convert_to_tensor([0])
        >>> cosines = ops.convert_to_tensor([[0.5, 0.0]])     # 60 degrees from its class
        >>> loss = ArcFaceLoss(scale=1.0, margin=math.pi / 6)   # as if it were 90
        >>> round(float(loss(labels, cosines)), 4)              # log 2
        0.6931
    """

    def __init__(
        self, scale=64.0, margin=0.5, easy_margin=False, name="arcface_loss", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        check_between("ArcFaceLoss", "scale", scale, 1e-3, 1e4)
        check_between("ArcFaceLoss", "margin", margin, 0, math.pi / 2, unit=" (radians)")
        self.scale = scale
        self.margin = margin
        self.easy_margin = easy_margin

    def call(self, y_true, y_pred):
        truth = ops.one_hot(whole_labels(y_true), y_pred.shape[-1], dtype=y_pred.dtype)
        cosines = ops.clip(ops.sum(truth * y_pred, axis=-1, keepdims=True), -_INSIDE, _INSIDE)
        sines = ops.sqrt(1 - ops.square(cosines))
        moved = cosines * math.cos(self.margin) - sines * math.sin(self.margin)
        if self.easy_margin:
            moved = ops.where(cosines > 0, moved, cosines)
        else:
            beyond = cosines - self.margin * math.sin(self.margin)
            moved = ops.where(cosines > -math.cos(self.margin), moved, beyond)
        scores = self.scale * ops.where(truth > 0, moved, y_pred)
        return -ops.sum(truth * ops.log_softmax(scores, axis=-1), axis=-1)

    def get_config(self):
        return super().get_config() | {
            "scale": self.scale,
            "margin": self.margin,
            "easy_margin": self.easy_margin,
        }
