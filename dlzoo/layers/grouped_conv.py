"""Convolution in groups: each part of the output channels sees a part of the input's."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("dlzoo")
class GroupedConv2D(layers.Conv2D):
    """`keras.layers.Conv2D(groups=...)`, computed as one convolution a group.

    The same kernel, the same numbers. On a CPU TensorFlow has no grouped convolution, and
    Keras 3.15.1 lets XLA compile one for every shape of input, without oneDNN; two plain
    convolutions are faster, and every format of export knows them.

    Arguments, input and output as in `keras.layers.Conv2D`; channels come last.

    Example:
        >>> GroupedConv2D(8, 3, groups=2, padding="same").compute_output_shape((1, 5, 5, 4))
        (1, 5, 5, 8)
    """

    def convolution_op(self, inputs, kernel):
        parts = zip(
            ops.split(inputs, self.groups, axis=-1),
            ops.split(ops.convert_to_tensor(kernel), self.groups, axis=-1),
            strict=True,
        )
        convolved = [
            ops.conv(
                part,
                weights,
                strides=self.strides,
                padding=self.padding,
                data_format="channels_last",
                dilation_rate=self.dilation_rate,
            )
            for part, weights in parts
        ]
        return ops.concatenate(convolved, axis=-1)
