"""How little two areas overlap."""

import keras
from keras import ops

from dlzoo._checks import check_between
from dlzoo.losses.pixel_loss import VOID, PixelLoss


@keras.saving.register_keras_serializable("dlzoo")
class DiceLoss(PixelLoss):
    """`1 - (2 sum p g + s) / (sum p + sum g + s)`, the mean over the classes of a batch.

    p is the probability of a class, g is 1 where it is true and 0 elsewhere, the sums go
    over the pixels of the batch that count. Milletari et al. 2016,
    https://arxiv.org/abs/1606.04797, section 3, without the squares. Classes that are not in
    the batch's masks are left out: nothing tells how large they should be.

    Each class counts as much as any other, however few pixels it has, which is what mean IoU
    asks for; cross entropy beside it makes training steadier (`CombinedLoss`).

    Args:
        smooth: s, in pixels.
        void, from_logits: As in `PixelCrossEntropy`, and what it is called with. Of one score
            a pixel, the overlap of class 1 alone counts. Sample weights multiply the whole by
            their mean.

    Raises:
        ValueError: `smooth` is negative.

    Example:
        >>> truth = ops.convert_to_tensor([[[0, 0, 1]]])
        >>> scores = ops.one_hot(ops.convert_to_tensor([[[0, 1, 1]]]), 2)
        >>> round(float(DiceLoss(smooth=0.0)(truth, scores)), 4)   # 1 - (2/3 + 2/3) / 2
        0.3333
    """

    def __init__(self, smooth=1.0, void=VOID, from_logits=False, name="dice_loss", **kwargs):
        super().__init__(void, from_logits, name, **kwargs)
        check_between("DiceLoss", "smooth", smooth, 0, 1e9, unit=" pixels")
        self.smooth = smooth

    def call(self, y_true, y_pred):
        single = y_pred.shape[-1] == 1
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred) if single else ops.softmax(y_pred, axis=-1)
        truth, counts = self._truth(y_true, 2 if single else y_pred.shape[-1], y_pred.dtype)
        truth = truth[..., 1:] if single else truth
        y_pred = y_pred * counts[..., None]
        both, true, found = (
            ops.sum(each, axis=(0, 1, 2)) for each in (y_pred * truth, truth, y_pred)
        )
        below = ops.maximum(true + found + self.smooth, 1e-7)
        losses = 1 - (2 * both + self.smooth) / below
        there = ops.cast(true > 0, losses.dtype)
        return ops.sum(losses * there) / ops.maximum(ops.sum(there), 1.0)

    def get_config(self):
        return super().get_config() | {"smooth": self.smooth}
