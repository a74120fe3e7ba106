"""Feature pyramid: every level with the strong features of the last one.

Source: Lin et al. 2017, https://arxiv.org/abs/1612.03144, Figure 3; torchvision's names of
tensors and its sixth level, every second pixel of the fifth.
"""

from keras import layers

from dlzoo.layers import CropLike

# torchvision's: uniform, of variance 1 / inputs
INITIAL = {"kernel_initializer": "lecun_uniform"}


def feature_pyramid(maps, channels=256):
    """The levels above `maps`, finest first, with `channels` each, and one coarser.

    Args:
        maps: Feature maps, finest first; the sides halve from one to the next.
        channels: Of every level.

    Example:
        >>> import keras
        >>> maps = [keras.Input((16, 24, 8)), keras.Input((8, 12, 32))]
        >>> [level.shape for level in feature_pyramid(maps, 4)]
        [(None, 16, 24, 4), (None, 8, 12, 4), (None, 4, 6, 4)]
    """
    levels: list = []
    above = None
    for place, each in reversed(list(enumerate(maps, 1))):
        x = layers.Conv2D(channels, 1, name=f"pyramid{place}_across", **INITIAL)(each)
        if above is not None:
            larger = layers.UpSampling2D(2, name=f"pyramid{place}_up")(above)
            larger = CropLike(name=f"pyramid{place}_crop")([larger, x])
            x = layers.Add(name=f"pyramid{place}_add")([x, larger])
        above = x
        name = f"pyramid{place}"
        x = layers.Conv2D(channels, 3, padding="same", name=name, **INITIAL)(x)
        levels.insert(0, x)
    coarser = layers.MaxPooling2D(1, strides=2, name=f"pyramid{len(maps) + 1}")(levels[-1])
    return [*levels, coarser]


def torchvision_names(maps, before, old=False):
    """Our layers and torchvision's; `old` as before its version 0.13."""
    end = "" if old else ".0"
    for place in range(maps):
        yield f"pyramid{place + 1}_across", f"{before}.inner_blocks.{place}{end}"
        yield f"pyramid{place + 1}", f"{before}.layer_blocks.{place}{end}"
