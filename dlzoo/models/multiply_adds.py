"""How many multiply-adds a layer of Keras takes: the rules, a kind of layer a row.

A multiply-add is one multiplication with a weight and the addition that follows. Counted are
convolutions and fully connected layers, as papers and torchvision count. What moves, adds or
scales (pooling, activations, normalisation, shortcuts) counts nothing.
"""

import math

from keras import layers

CONVOLUTIONS = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
# Their weights are matrices, and yet they only look up or scale.
FREE = (layers.Embedding, layers.BatchNormalization, layers.LayerNormalization)


def multiply_adds(layer, input_shape, output_shape):
    """Multiply-adds of one call of `layer`, or None where no rule is known.

    A layer of another kind may say it by a method of this name: `layer.multiply_adds(
    input_shape, output_shape)`.

    Args:
        layer: A built layer without layers inside.
        input_shape, output_shape: Of its first tensors, with the batch axis, all known.

    Example:
        >>> dense = layers.Dense(10)
        >>> dense.build((None, 784))
        >>> multiply_adds(dense, (1, 784), (1, 10))
        7840
    """
    if callable(own := getattr(layer, "multiply_adds", None)):
        return own(input_shape, output_shape)
    if isinstance(layer, CONVOLUTIONS):
        return _positions(layer, output_shape) * _size(layer.kernel)
    if isinstance(layer, TRANSPOSED):  # each input value is spread by the whole kernel
        return _positions(layer, input_shape) * _size(layer.kernel)
    if isinstance(layer, SEPARABLE):
        kernels = _size(layer.depthwise_kernel) + _size(layer.pointwise_kernel)
        return _positions(layer, output_shape) * kernels
    if isinstance(layer, layers.Dense):
        return math.prod(output_shape[:-1]) * _size(layer.kernel)
    if isinstance(layer, layers.EinsumDense):
        _, kernel, output = layer.equation.replace("->", ",").split(",")
        summed = (
            size
            for letter, size in zip(kernel, layer.kernel.shape, strict=True)
            if letter not in output
        )
        return math.prod(output_shape) * math.prod(summed)
    matrices = any(len(weight.shape) > 1 for weight in layer.weights)
    return None if matrices and not isinstance(layer, FREE) else 0


def _positions(layer, shape):
    """Places of a feature map where a kernel is applied."""
    channels = shape[-1] if layer.data_format == "channels_last" else shape[1]
    return math.prod(shape) // channels


def _size(kernel):
    return math.prod(kernel.shape)
