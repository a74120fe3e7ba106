"""How far a picture is from another in what it shows."""

import keras
from keras import ops

from dlzoo._checks import check_choice

ORIGINS = ("paper", "course", "torch")


@keras.saving.register_keras_serializable("dlzoo")
class ContentLoss(keras.losses.Loss):
    """The squared distance of two feature maps of one layer (Gatys et al. 2015, equation 1).

    With `S = sum (F - P)**2` over height, width and channels (their product: n), a picture's
    loss is, by origin:

    | origin | loss | whose |
    | --- | --- | --- |
    | `"paper"` | `S / 2` | https://arxiv.org/abs/1508.06576 |
    | `"course"` | `S / (4 n)` | deeplearning.ai, Convolutional Neural Networks, week 4 |
    | `"torch"` | `S / n` | neural-style and PyTorch's tutorial: the mean |

    So a weight of one program means another number in the next: the paper's is `2 n` times
    the course's.

    Args:
        origin: See above.

    Called with the content's features and the picture's, `(batch, height, width, channels)`.

    Raises:
        ValueError: `origin` is none of these.

    Example:
        >>> content, picture = ops.zeros((1, 2, 2, 3)), ops.ones((1, 2, 2, 3))
        >>> [float(ContentLoss(origin)(content, picture)) for origin in ORIGINS]
        [6.0, 0.25, 1.0]
    """

    def __init__(self, origin="paper", name="content_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        check_choice("ContentLoss", "origin", origin, ORIGINS)
        self.origin = origin

    def call(self, y_true, y_pred):
        squares = ops.square(y_pred - y_true)
        if self.origin == "paper":
            return ops.sum(squares, axis=(1, 2, 3)) / 2
        mean = ops.mean(squares, axis=(1, 2, 3))
        return mean / 4 if self.origin == "course" else mean

    def get_config(self):
        return super().get_config() | {"origin": self.origin}
