"""A rectifier that learns how much of the negative half it lets through.

Source: He et al. 2015, https://arxiv.org/abs/1502.01852, equation 1, channel-wise.
"""

import keras
from keras import layers, ops

NAME = "prelu"  # as an activation of `ConvBN` and the blocks made of it


@keras.saving.register_keras_serializable("dlzoo")
class PReLU(layers.Layer):
    """`max(x, 0) + alpha * min(x, 0)`, with an `alpha` that is learnt for each channel.

    It is `torch.nn.PReLU(channels)`, and `keras.layers.PReLU(shared_axes=[1, 2])` with
    another initial value. Networks for faces use it: where a rectifier would be silent, half
    of what two faces could differ in is gone.

    Args:
        initial: Of alpha; the paper's is 0.25.

    Input and output: `(batch, ..., channels)`.

    Example:
        >>> layer = PReLU()
        >>> keras.ops.convert_to_numpy(layer(keras.ops.array([[-2.0, 3.0]]))).tolist()
        [[-0.5, 3.0]]
    """

    def __init__(self, initial=0.25, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        self.alpha = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self.initial),
            name="alpha",
        )

    def call(self, x):
        return ops.relu(x) - ops.cast(self.alpha, x.dtype) * ops.relu(-x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"initial": self.initial}


def read_activation(activation):
    """A function for what Keras knows; the name of `PReLU`, which has weights, for itself.

    Example:
        >>> read_activation("prelu"), read_activation("relu").__name__
        ('prelu', 'relu')
    """
    return NAME if activation == NAME else keras.activations.get(activation)


def write_activation(activation):
    """What `read_activation` reads again, for a layer's configuration."""
    return NAME if activation == NAME else keras.activations.serialize(activation)
