"""The names and colours of classes of pixels, kept inside the model."""

import keras

from dlzoo.layers.inside import sublayers

MOST = 254  # classes; masks are bytes, and 255 is for pixels without one


@keras.saving.register_keras_serializable("dlzoo")
class PixelLabels(keras.layers.Layer):
    """Passes scores of pixels through unchanged and says what they are.

    Args:
        labels: One name a score.
        palette: One colour a class, `(red, green, blue)` of 0 to 255; None: those of
            `distinct_colours`.
        resized: Height and width to which whole images were brought in training; None: they
            were taken in their own size.

    Input and output: `(batch, height, width, scores)`.

    Example:
        >>> PixelLabels(["sky", "road"]).palette
        ((0, 0, 0), (128, 0, 0))
    """

    def __init__(self, labels, palette=None, resized=None, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.labels = tuple(labels)
        if not 1 <= len(self.labels) <= MOST:
            raise ValueError(
                f"{self.name}: there must be 1 to {MOST} labels, because masks are bytes; "
                f"got {len(self.labels)}."
            )
        colours = distinct_colours(len(self.labels)) if palette is None else palette
        self.palette = tuple((int(red), int(green), int(blue)) for red, green, blue in colours)
        if len(self.palette) != len(self.labels):
            raise ValueError(
                f"{self.name}: there must be one colour a label; got {len(self.palette)} "
                f"colours and {len(self.labels)} labels."
            )
        self.resized = None if resized is None else tuple(resized)

    def build(self, input_shape):
        if len(input_shape) != 4 or input_shape[-1] != len(self.labels):
            raise ValueError(
                f"{self.name}: there must be one label a score of each pixel; got "
                f"{len(self.labels)} labels for scores of shape {tuple(input_shape)}."
            )

    def call(self, scores):
        return scores

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"labels": self.labels, "palette": self.palette, "resized": self.resized}
        return super().get_config() | own


def distinct_colours(count: int) -> tuple[tuple[int, int, int], ...]:
    """Colours for class numbers, black for 0: those of Pascal VOC's masks.

    The bits of the number go to red, green and blue in turns, from the highest bit of each
    colour down.

    Example:
        >>> distinct_colours(4)
        ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    """
    colours = []
    for number in range(count):
        parts = [0, 0, 0]
        for bit in range(8):
            parts[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
        colours.append((parts[0], parts[1], parts[2]))
    return tuple(colours)


def pixel_labels_inside(model: keras.Model) -> PixelLabels | None:
    """What a model says about its scores of pixels, or None if it says nothing."""
    found = [layer for layer in sublayers(model) if isinstance(layer, PixelLabels)]
    return found[0] if found else None
