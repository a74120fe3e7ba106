"""The block of EfficientNet: an inverted residual with squeeze and excitation.

Source: Tan and Le 2019, https://arxiv.org/abs/1905.11946, section 4 ("MBConv"); first in
MnasNet, https://arxiv.org/abs/1807.11626, Figure 7.
"""

import keras
from keras import layers

from dlzoo._checks import check_between
from dlzoo.layers.inverted_residual import InvertedResidual
from dlzoo.layers.squeeze_excite import SqueezeExcite
from dlzoo.layers.stochastic_depth import StochasticDepth


@keras.saving.register_keras_serializable("dlzoo")
class MBConv(InvertedResidual):
    """`InvertedResidual` that weights its channels before the projection.

    In training the branch beside a shortcut is left out with probability `1 - keep_prob`.

    Args:
        filters, strides, expansion, kernel_size, padding, epsilon, momentum: As in
            `InvertedResidual`.
        activation: After expansion, depthwise convolution and the squeeze.
        squeeze: Channels in the middle of squeeze and excitation, in units of the block's
            input (not of the expanded width), between 0 and 1.
        keep_prob, seed: As in `StochasticDepth`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, filters)`, sides as in `ConvBN`.

    Example:
        >>> block = MBConv(24, strides=2, kernel_size=5)
        >>> block.build((None, 8, 8, 16))
        >>> block.compute_output_shape((1, 8, 8, 16)), block.excite.filters
        ((1, 4, 4, 24), 4)
    """

    def __init__(
        self,
        filters,
        strides=1,
        *,
        activation="swish",
        squeeze=0.25,
        keep_prob=1.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(filters, strides, activation=activation, **kwargs)
        check_between("MBConv", "squeeze", squeeze, 0, 1)
        self.squeeze = squeeze
        self.keep_prob = keep_prob
        self.seed = seed
        self.excite: layers.Layer = None  # its width is known when it is built
        self.drop = StochasticDepth(keep_prob, seed, dtype=self.dtype_policy, name="drop")

    def build(self, input_shape):
        self.excite = SqueezeExcite(
            max(1, int(input_shape[-1] * self.squeeze)),
            activation=self.activation,
            dtype=self.dtype_policy,
            name="excite",
        )
        super().build(input_shape)

    def call(self, x, training=None):
        y = x if self.expand is None else self.expand(x, training=training)
        y = self.excite(self.depthwise(y, training=training))
        y = self.project(y, training=training)
        return x + self.drop(y, training=training) if self.add_input else y

    def get_config(self):
        return super().get_config() | {
            "squeeze": self.squeeze,
            "keep_prob": self.keep_prob,
            "seed": self.seed,
        }

    def _branch(self):
        *rest, project = super()._branch()
        return (*rest, self.excite, project)
