"""Cross entropy of labelled pixels."""

import keras
from keras import ops

from dlzoo.losses.pixel_loss import (
    VOID,
    PixelLoss,
    checked_weights,
    masked_mean_values,
    weights_of,
)


@keras.saving.register_keras_serializable("dlzoo")
class PixelCrossEntropy(PixelLoss):
    """`-sum w_c(x) log p_c(x)(x) / sum w_c(x)`, over the pixels x of a batch that count.

    c(x) is the true class, w its weight (1 without `class_weights`), as in PyTorch's
    `CrossEntropyLoss(weight, ignore_index)`. Sample weights `(batch, height, width)`
    multiply what each pixel adds: the border weights of U-Net (Ronneberger et al. 2015,
    equation 1), `dlzoo.data.border_weights`.

    Args:
        class_weights: A number a class, e.g. `dlzoo.data.median_frequency_weights`.
        void: Label of pixels that count for nothing; None where there are none.
        from_logits: The scores are not probabilities yet.

    Called with masks of whole numbers `(batch, height, width)` or `(..., 1)`, and scores
    `(batch, height, width, classes)`; one score a pixel is that of class 1 of two.

    Raises:
        ValueError: A weight is negative, or they are not as many as there are classes.

    Example:
        >>> truth = ops.convert_to_tensor([[[0, 1, 255]]])
        >>> scores = ops.convert_to_tensor([[[[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]]]])
        >>> round(float(PixelCrossEntropy()(truth, scores)), 4)   # (ln 2 + ln 4) / 2
        1.0397
    """

    def __init__(
        self,
        class_weights=None,
        void=VOID,
        from_logits=False,
        name="pixel_cross_entropy",
        **kwargs,
    ):
        super().__init__(void, from_logits, name, **kwargs)
        self.class_weights = checked_weights("PixelCrossEntropy", class_weights)

    def call(self, y_true, y_pred):
        logs = self._log_probabilities(y_pred)
        truth, _ = self._truth(y_true, logs.shape[-1], logs.dtype)
        weights = weights_of("PixelCrossEntropy", truth, self.class_weights)
        return masked_mean_values(-ops.sum(truth * logs, axis=-1), weights)

    def get_config(self):
        return super().get_config() | {"class_weights": self.class_weights}
