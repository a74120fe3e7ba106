"""What networks that answer a class for each pixel have in common."""

from keras import layers

from dlzoo.models.classifier import head_dtype

DEPTH_HINT = "what comes up meets what is handed across"


def feature_map(x, conventions):
    """The head sees every pixel: nothing is pooled."""
    return x


def pixel_head(x, classes, activation, conventions):
    """A 1x1 convolution named "head"."""
    dtype = head_dtype()
    return layers.Conv2D(classes, 1, activation=activation, dtype=dtype, name="head")(x)


def check_multiple(who, input_shape, step, because, first=0):
    """Fixed sides must be `first + n * step`; the message names the nearest larger one."""
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        return  # `check_input_shape` says it better
    for word, side in zip(("height", "width"), input_shape[:2], strict=True):
        if isinstance(side, bool) or not isinstance(side, int) or side < 1:
            continue
        if side < first or (side - first) % step:
            fits = first + max(-(-(side - first) // step), 0 if first else 1) * step
            rule = f"{first} + a multiple of {step}" if first else f"a multiple of {step}"
            raise ValueError(
                f"{who}: {word} must be {rule}, {because}; got {side} in "
                f"input_shape={input_shape!r}. Pad or resize it to {fits}."
            )
