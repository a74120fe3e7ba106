"""Chains of convolutions that read the same input, side by side."""

from keras import layers

from dlzoo.layers.conv_bn import ConvBN


def build_branches(branches, input_shape):
    """Build every layer of every branch."""
    for branch in branches:
        shape = input_shape
        for layer in branch:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)


def end_shapes(branches, input_shape):
    """The shapes at the ends of the branches."""
    for branch in branches:
        shape = input_shape
        for layer in branch:
            shape = layer.compute_output_shape(shape)
        yield shape


def run_branches(branches, x, training):
    """What every branch makes of `x`."""
    ends = []
    for branch in branches:
        value = x
        for layer in branch:
            normalises = isinstance(layer, ConvBN)
            value = layer(value, training=training) if normalises else layer(value)
        ends.append(value)
    return ends


class Branches(layers.Layer):
    """Chains of `ConvBN` named `branch0_0`, `branch0_1`, `branch1_0` ...; a base class.

    Args:
        chains: A branch a tuple of bricks `(filters, kernel_size)` or `(filters,
            kernel_size, strides)`, first to last.
        use_bias, epsilon, momentum: As in `ConvBN`.

    A brick that does not stride keeps the sides; one that does is padded as the class says.
    """

    strided_padding = "valid"

    def __init__(self, chains, *, use_bias=False, epsilon=1e-3, momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        self.chains = tuple(tuple(map(_brick, chain)) for chain in chains)
        self.use_bias = use_bias
        self.epsilon = epsilon
        self.momentum = momentum
        # In one list: Keras does not save what is in lists of lists.
        self.bricks = [
            self._convolution(*brick, name=f"branch{row}_{place}")
            for row, chain in enumerate(self.chains)
            for place, brick in enumerate(chain)
        ]

    @property
    def branches(self):
        """The layers of each branch."""
        left = iter(self.bricks)
        return tuple(tuple(next(left) for _ in chain) for chain in self.chains)

    def get_config(self):
        return super().get_config() | {
            "chains": self.chains,
            "use_bias": self.use_bias,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }

    def _convolution(self, filters, kernel_size, strides=1, *, name):
        return ConvBN(
            filters,
            kernel_size,
            strides,
            padding="symmetric" if strides == 1 else self.strided_padding,
            use_bias=self.use_bias,
            epsilon=self.epsilon,
            momentum=self.momentum,
            dtype=self.dtype_policy,
            name=name,
        )


def _brick(brick):
    """A brick that may come from a file, where tuples are lists."""
    return tuple(tuple(part) if isinstance(part, list) else part for part in brick)
