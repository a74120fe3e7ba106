"""The inception module: four branches of different reach, side by side.

Source: Szegedy et al. 2014, https://arxiv.org/abs/1409.4842, Figure 2 (b).
"""

import keras
from keras import layers, ops

from dlzoo.layers.branches import build_branches, run_branches
from dlzoo.layers.conv_bn import HE_NORMAL, ConvBN


def convolution(filters, kernel_size, *, batch_norm, epsilon, momentum, name, dtype=None):
    """The convolution of an inception network: with normalisation, or as of 2014 without."""
    if batch_norm:
        norm = {"epsilon": epsilon, "momentum": momentum}
        return ConvBN(filters, kernel_size, name=name, dtype=dtype, **norm)
    return layers.Conv2D(
        filters,
        kernel_size,
        padding="same",
        activation="relu",
        kernel_initializer=HE_NORMAL,
        name=name,
        dtype=dtype,
    )


@keras.saving.register_keras_serializable("dlzoo")
class InceptionModule(layers.Layer):
    """1x1, 3x3 and larger convolutions and a pooling of the same input, one after the other.

    1x1 convolutions make few channels of many before the costly ones ("reduce"), and after
    the pooling.

    Args:
        filters: Channels of the columns of the paper's Table 1: 1x1, 3x3 reduce, 3x3,
            5x5 reduce, 5x5, pool projection.
        kernel_size: Of the third branch: 5 in the paper, 3 in torchvision (where it is a
            known slip that its weights were trained with).
        batch_norm: Normalise after each convolution, which then has no bias.
        epsilon, momentum: Of the normalisation.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, height, width, filters[0] + filters[2] + filters[4] + filters[5])`.

    Raises:
        ValueError: `filters` are not six.

    Example:
        >>> module = InceptionModule((64, 96, 128, 16, 32, 32))
        >>> module.compute_output_shape((1, 28, 28, 192))
        (1, 28, 28, 256)
    """

    def __init__(
        self, filters, *, kernel_size=5, batch_norm=True, epsilon=1e-3, momentum=0.9, **kwargs
    ):
        super().__init__(**kwargs)
        if len(filters) != 6:
            raise ValueError(
                f"InceptionModule: filters must be six numbers (1x1, 3x3 reduce, 3x3, 5x5 "
                f"reduce, 5x5, pool projection); got {filters!r}."
            )
        self.filters = tuple(filters)
        self.kernel_size = kernel_size
        self.batch_norm = batch_norm
        self.epsilon = epsilon
        self.momentum = momentum
        direct, reduce3, wide3, reduce5, wide5, projected = self.filters
        self.conv1 = self._convolution(direct, 1, "conv1")
        self.reduce3 = self._convolution(reduce3, 1, "reduce3")
        self.conv3 = self._convolution(wide3, 3, "conv3")
        self.reduce5 = self._convolution(reduce5, 1, "reduce5")
        self.conv5 = self._convolution(wide5, kernel_size, "conv5")
        self.pool = layers.MaxPooling2D(
            3, strides=1, padding="same", name="pool", dtype=self.dtype_policy
        )
        self.project = self._convolution(projected, 1, "project")

    @property
    def branches(self):
        """The layers of each branch."""
        return (
            (self.conv1,),
            (self.reduce3, self.conv3),
            (self.reduce5, self.conv5),
            (self.pool, self.project),
        )

    def build(self, input_shape):
        build_branches(self.branches, input_shape)

    def call(self, x, training=None):
        return ops.concatenate(run_branches(self.branches, x, training), axis=-1)

    def compute_output_shape(self, input_shape):
        first, _, second, _, third, fourth = self.filters
        return *input_shape[:3], first + second + third + fourth

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "batch_norm": self.batch_norm,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }

    def _convolution(self, filters, kernel_size, name):
        return convolution(
            filters,
            kernel_size,
            batch_norm=self.batch_norm,
            epsilon=self.epsilon,
            momentum=self.momentum,
            name=name,
            dtype=self.dtype_policy,
        )
