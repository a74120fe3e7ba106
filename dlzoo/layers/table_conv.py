"""Convolution whose output channels see only some of the input's, by a table.

Source: LeCun, Bottou, Bengio and Haffner 1998, section II.B, layer C3 and Table I.
"""

import math

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_positive_int
from dlzoo.layers.arithmetic import output_side

# Table I: the maps of S2 that each of the sixteen maps of C3 sees.
LENET_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


@keras.saving.register_keras_serializable("dlzoo")
class TableConv2D(keras.layers.Layer):
    """Convolution without padding, with a kernel only for the connections in a table.

    Args:
        kernel_size: Side of the kernels.
        table: For each output channel the input channels that it sees; the default is the
            paper's, 60 connections of 6 channels with 16.
        activation: A name known to Keras, a function, or None.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, height - k + 1, width - k + 1, len(table))`, `k` being `kernel_size`.

    Raises:
        ValueError: The table names a channel that the input does not have.

    Example:
        >>> layer = TableConv2D(5)
        >>> layer.build((1, 14, 14, 6))
        >>> layer.count_params()  # 60 kernels of 5x5, 16 biases
        1516
    """

    def __init__(self, kernel_size, table=LENET_TABLE, activation=None, **kwargs):
        super().__init__(**kwargs)
        check_positive_int(type(self).__name__, "kernel_size", kernel_size)
        self.kernel_size = kernel_size
        self.table = tuple(tuple(row) for row in table)
        self.activation = keras.activations.get(activation)

    @property
    def connections(self):
        """Pairs (input channel, output channel), in the order of the kernels."""
        return [(source, out) for out, row in enumerate(self.table) for source in row]

    def build(self, input_shape):
        channels, highest = input_shape[-1], max(map(max, self.table))
        if highest >= channels:
            raise ValueError(
                f"{self.name}: the input must have at least {highest + 1} channels, because "
                f"the table connects number {highest}; got {channels} in {tuple(input_shape)}."
            )
        pairs, outputs = self.connections, len(self.table)
        placement = np.zeros((len(pairs), channels * outputs), "float32")
        for number, (source, out) in enumerate(pairs):
            placement[number, source * outputs + out] = 1
        self.placement = placement
        side = self.kernel_size
        limit = 2.4 / (side * side * len(pairs) / outputs)  # appendix A: by the fan-in
        self.kernel = self.add_weight(
            shape=(side, side, len(pairs)),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            name="kernel",
        )
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")

    def call(self, x):
        side, outputs = self.kernel_size, len(self.table)
        flat = ops.reshape(self.kernel, (side * side, -1))
        dense = ops.matmul(flat, ops.convert_to_tensor(self.placement, flat.dtype))
        dense = ops.reshape(dense, (side, side, -1, outputs))
        x = ops.conv(x, dense, padding="valid", data_format="channels_last")
        return self.activation(x + self.bias)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        sides = (output_side(side, self.kernel_size) for side in (height, width))
        return batch, *sides, len(self.table)

    def multiply_adds(self, input_shape, output_shape):
        """For `dlzoo.profile`: every kernel once a pixel, those that are not there not."""
        return math.prod(output_shape[:3]) * math.prod(self.kernel.shape)

    def get_config(self):
        return super().get_config() | {
            "kernel_size": self.kernel_size,
            "table": self.table,
            "activation": keras.activations.serialize(self.activation),
        }
