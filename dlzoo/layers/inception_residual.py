"""Inception with shortcuts: branches whose sum is a small correction of their input.

Source: Szegedy, Ioffe, Vanhoucke and Alemi 2016, https://arxiv.org/abs/1602.07261,
Figures 10 to 14 and section 3.3.
"""

import keras
from keras import layers, ops

from dlzoo.layers.branches import Branches, build_branches, run_branches
from dlzoo.layers.conv_bn import HE_NORMAL


@keras.saving.register_keras_serializable("dlzoo")
class InceptionResidual(Branches):
    """`activation(x + scale * projection(branches of x))`.

    The projection, a 1x1 convolution with a bias and nothing after it, brings what the
    branches found to the channels of the input. Scaling it down is what keeps training
    stable (section 3.3).

    Args:
        chains: A branch a tuple of bricks `(filters, kernel_size)`, first to last.
        scale: Of what is added.
        activation: After the sum; None for none.
        use_bias, epsilon, momentum: As in `ConvBN`.

    Input and output: `(batch, height, width, channels)`.

    Example:
        >>> block = InceptionResidual([[(8, 1)], [(8, 1), (12, (1, 7)), (16, (7, 1))]], 0.1)
        >>> block.compute_output_shape((1, 9, 9, 32))
        (1, 9, 9, 32)
    """

    def __init__(self, chains, scale=1.0, *, activation="relu", **kwargs):
        super().__init__(chains, **kwargs)
        self.scale = scale
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        build_branches(self.branches, input_shape)
        found = sum(chain[-1][0] for chain in self.chains)
        self.project = layers.Conv2D(
            input_shape[-1],  # known only now
            1,
            kernel_initializer=HE_NORMAL,
            dtype=self.dtype_policy,
            name="project",
        )
        self.project.build((*input_shape[:-1], found))

    def call(self, x, training=None):
        found = ops.concatenate(run_branches(self.branches, x, training), axis=-1)
        return self.activation(x + self.scale * self.project(found))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "scale": self.scale,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable("dlzoo")
class InceptionReduction(Branches):
    """Half the sides: branches whose last brick strides, and a 3x3 maximum, side by side.

    Nothing is padded where they stride.

    Args:
        chains: A branch a tuple of bricks `(filters, kernel_size, strides)`, the strides
            being 1 where they are left out; the last of each is 3x3 with strides 2.
        use_bias, epsilon, momentum: As in `ConvBN`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, (height - 3) // 2 + 1, (width - 3) // 2 + 1, out)`, `out` being the sum
        of the channels at the ends.

    Example:
        >>> layer = InceptionReduction([[(24, 3, 2)], [(16, 1), (16, 3), (20, 3, 2)]])
        >>> layer.compute_output_shape((1, 17, 17, 64))
        (1, 8, 8, 108)
    """

    def __init__(self, chains, **kwargs):
        super().__init__(chains, **kwargs)
        self.pool = layers.MaxPooling2D(3, strides=2, dtype=self.dtype_policy, name="pool")

    def build(self, input_shape):
        build_branches((*self.branches, (self.pool,)), input_shape)

    def call(self, x, training=None):
        ends = run_branches((*self.branches, (self.pool,)), x, training)
        return ops.concatenate(ends, axis=-1)

    def compute_output_shape(self, input_shape):
        channels = sum(chain[-1][0] for chain in self.chains)
        *shape, passed = self.pool.compute_output_shape(input_shape)
        return *shape, channels + passed
