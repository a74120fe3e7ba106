"""Several losses at once."""

import keras

from dlzoo._checks import check_between


@keras.saving.register_keras_serializable("dlzoo")
class CombinedLoss(keras.losses.Loss):
    """`sum of weight * loss`.

    Args:
        losses: Keras losses, or their configurations.
        weights: A number a loss; None for 1 each.

    Called as each of them. Sample weights go to each loss pixel by pixel where it tells
    pixels apart, and else multiply it by their mean.

    Raises:
        ValueError: There is no loss, or not a weight for each.

    Example:
        >>> from dlzoo.losses import DiceLoss, PixelCrossEntropy
        >>> loss = CombinedLoss([PixelCrossEntropy(), DiceLoss(smooth=0.0)], [1.0, 0.5])
        >>> truth = keras.ops.zeros((1, 1, 1), "int32")
        >>> round(float(loss(truth, keras.ops.ones((1, 1, 1, 2)) / 2)), 4)   # ln 2 + 1/6
        0.8598
    """

    def __init__(self, losses, weights=None, name="combined_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.losses = [
            keras.losses.deserialize(loss) if isinstance(loss, dict) else loss
            for loss in losses
        ]
        self.weights = [1.0] * len(self.losses) if weights is None else list(weights)
        if not self.losses or len(self.losses) != len(self.weights):
            raise ValueError(
                f"CombinedLoss: weights must be a number for each loss, and there must be "
                f"one at least; got {len(self.losses)} losses and weights={weights!r}."
            )
        for weight in self.weights:
            check_between("CombinedLoss", "each of weights", weight, 0, 1e9)

    def call(self, y_true, y_pred):
        values = [
            weight * loss.call(y_true, y_pred)
            for loss, weight in zip(self.losses, self.weights, strict=True)
        ]
        return sum(values[1:], values[0])

    def get_config(self):
        return super().get_config() | {
            "losses": [keras.losses.serialize(loss) for loss in self.losses],
            "weights": self.weights,
        }
