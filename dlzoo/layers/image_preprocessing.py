"""Raw pixels to the numbers that a network was trained on, as a layer that travels with it."""

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_choice

LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue


@keras.saving.register_keras_serializable("dlzoo")
class ImagePreprocessing(keras.layers.Layer):
    """`(pixels * scale - mean) / std`, a channel at a time, in the wanted channel order.

    The arithmetic is float32 also under mixed precision: bfloat16 cannot tell all 256
    values of a pixel apart.

    Args:
        scale: Factor of the pixels, e.g. `1 / 255`.
        mean, std: One number a channel, in `channel_order`, in units of `pixels * scale`;
            or one for all channels.
        channel_order: `"rgb"` as the input, `"bgr"` to exchange red and blue (Caffe), or
            `"grey"`: the luminance of RGB (ITU-R BT.601, as in Pillow), grey as it is.

    Input:  `(batch, height, width, channels)`, RGB or grey, 0 to 255.
    Output: the same shape, with one channel for `"grey"`; float32.

    Example:
        >>> layer = ImagePreprocessing(1 / 127.5, (1, 1, 1), (1, 1, 1))
        >>> pixel = keras.ops.convert_to_tensor([[[[0, 127.5, 255]]]])
        >>> print(keras.ops.convert_to_numpy(layer(pixel)))
        [[[[-1.  0.  1.]]]]
    """

    def __init__(self, scale, mean, std, channel_order="rgb", **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        check_choice(
            "ImagePreprocessing", "channel_order", channel_order, ("rgb", "bgr", "grey")
        )
        self.scale = scale
        self.mean = tuple(mean)
        self.std = tuple(std)
        self.channel_order = channel_order

    def build(self, input_shape):
        if self.channel_order == "grey" and input_shape[-1] not in (1, 3):
            raise ValueError(
                f"{self.name}: images must have 1 or 3 channels, because grey is made of RGB; "
                f"got {input_shape[-1]} in {tuple(input_shape)}."
            )
        if self.compute_output_shape(input_shape)[-1] != len(self.mean) > 1:
            raise ValueError(
                f"{self.name}: images must have {len(self.mean)} channels, because there "
                f"are that many means; got {input_shape[-1]} in {tuple(input_shape)}."
            )

    def call(self, images):
        if self.channel_order == "bgr":
            # Not `flip`: engines take an exchange of channels into the first kernel.
            images = ops.take(images, [2, 1, 0], axis=-1)
        elif self.channel_order == "grey" and images.shape[-1] == 3:
            weights = ops.convert_to_tensor(LUMINANCE, images.dtype)
            images = ops.sum(images * weights, axis=-1, keepdims=True)
        # One product and one sum, of single numbers where channels are alike: engines fuse
        # that with the first convolution's input, and nothing longer.
        factor, shift = (self._constant(part, images.dtype) for part in self._line())
        return images * factor + shift

    def _line(self):
        """`scale / std` and `-mean / std`, a number a channel."""
        mean, std = np.broadcast_arrays(np.array(self.mean), np.array(self.std))
        return self.scale / std, -mean / std

    @staticmethod
    def _constant(part, dtype):
        alike = (part == part[0]).all()
        return float(part[0]) if alike else ops.convert_to_tensor(part, dtype)

    def compute_output_shape(self, input_shape):
        if self.channel_order == "grey":
            return *input_shape[:-1], 1
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "scale": self.scale,
            "mean": self.mean,
            "std": self.std,
            "channel_order": self.channel_order,
        }
