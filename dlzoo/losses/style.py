"""How far a picture is from another in how it is painted."""

import keras
from keras import ops

from dlzoo._checks import check_choice
from dlzoo.layers.gram_matrix import gram_matrix

ORIGINS = ("paper", "course", "torch")


@keras.saving.register_keras_serializable("dlzoo")
class StyleLoss(keras.losses.Loss):
    """The squared distance of two Gram matrices of one layer (Gatys et al. 2015, equation 4).

    For feature maps of N channels at M positions, with Gram matrices G and A:

    | origin | loss | whose |
    | --- | --- | --- |
    | `"paper"`, `"course"` | `sum (G - A)**2 / (4 N**2 M**2)` | equation 4; week 4 |
    | `"torch"` | `sum (G - A)**2 / (N**4 M**2)` | neural-style, PyTorch's tutorial: G / (N M) |

    So the same style weight has `4 / N**2` of the effect in those programs, and N, which is 64
    to 512 in VGG-19, makes the layers weigh otherwise among themselves.

    The paper's two pictures have one size. Here each Gram matrix is divided by its own M, so
    that a style of any size will do; for equal sizes that is the same.

    Args:
        origin: See above.

    Called with the style's and the picture's features `(batch, height, width, channels)`; in
    the place of each may be its `GramMatrix()`, `(batch, channels, channels)`, which for the
    style need be computed only once.

    Raises:
        ValueError: `origin` is none of these.

    Example:
        >>> style, picture = ops.zeros((1, 2, 2, 3)), ops.ones((1, 4, 4, 3))
        >>> [round(float(StyleLoss(origin)(style, picture)), 4) for origin in ORIGINS]
        [0.25, 0.25, 0.1111]
    """

    def __init__(self, origin="paper", name="style_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        check_choice("StyleLoss", "origin", origin, ORIGINS)
        self.origin = origin

    def call(self, y_true, y_pred):
        style, picture = _gram(y_true), _gram(y_pred)
        mean = ops.mean(ops.square(picture - style), axis=(1, 2))  # sum / N**2
        return mean / picture.shape[-1] ** 2 if self.origin == "torch" else mean / 4

    def get_config(self):
        return super().get_config() | {"origin": self.origin}


def _gram(x):
    return gram_matrix(x) if len(x.shape) == 4 else x
