"""Cross entropy that looks away from what is easy."""

import keras
from keras import ops

from dlzoo._checks import check_between
from dlzoo.losses.pixel_loss import (
    VOID,
    PixelLoss,
    checked_weights,
    masked_mean_values,
    weights_of,
)


@keras.saving.register_keras_serializable("dlzoo")
class FocalLoss(PixelLoss):
    """The mean of `-alpha_t (1 - p_t)**gamma log p_t` over the pixels that count.

    Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation 5: p_t is the probability of
    the true class, alpha_t its weight. The paper's classes are two, here they may be more.
    Unlike in `PixelCrossEntropy` the sum is not divided by the weights' sum.

    Args:
        gamma: 0 is cross entropy; the paper's choice is 2.
        class_weights: alpha, a number a class; the paper's is 0.75 and 0.25.
        void, from_logits: As in `PixelCrossEntropy`, and what it is called with.

    Raises:
        ValueError: `gamma` is not between 0 and 20, or a weight is wrong.

    Example:
        >>> truth, scores = ops.zeros((1, 1, 1), "int32"), ops.ones((1, 1, 1, 2)) / 2
        >>> round(float(FocalLoss(gamma=2)(truth, scores)), 4)   # ln 2 / 4
        0.1733
    """

    def __init__(
        self,
        gamma=2.0,
        class_weights=None,
        void=VOID,
        from_logits=False,
        name="focal_loss",
        **kwargs,
    ):
        super().__init__(void, from_logits, name, **kwargs)
        check_between("FocalLoss", "gamma", gamma, 0, 20)
        self.gamma = gamma
        self.class_weights = checked_weights("FocalLoss", class_weights)

    def call(self, y_true, y_pred):
        logs = self._log_probabilities(y_pred)
        truth, counts = self._truth(y_true, logs.shape[-1], logs.dtype)
        log = ops.sum(truth * logs, axis=-1)
        # Where p_t is 1 the power has no slope for gamma below 1.
        doubt = ops.maximum(1 - ops.exp(log), 1e-7) ** self.gamma
        weights = weights_of("FocalLoss", truth, self.class_weights)
        return masked_mean_values(-weights * doubt * log, counts)

    def get_config(self):
        return super().get_config() | {
            "gamma": self.gamma,
            "class_weights": self.class_weights,
        }
