"""One random change of place for an image and all that belongs to its pixels."""

import math

import keras
from keras import layers, ops

from dlzoo._checks import check_between, check_choice, check_pair

FLIPS = (None, "horizontal", "vertical", "both")


@keras.saving.register_keras_serializable("dlzoo")
class RandomWarp(layers.Layer):
    """Flip, rotate, scale, crop and bend images, their masks and their weights alike.

    All changes of one image are one map from places in the result to places in the image,
    which is drawn once and sampled once: smoothly (bilinear) for the image, by the nearest
    pixel for masks, so that every label stays one. What lies outside of the image is its
    mirror image, as in the U-Net paper, or, in masks, void.

    (Keras 3.15's `RandomElasticTransform` draws one deformation for the images and another
    for the masks; and its layers fill images and masks with the same value.)

    Elastic deformation is the paper's (Ronneberger et al. 2015, section 3.1): random
    displacements on a coarse grid of 3 x 3, drawn from a normal distribution, and bicubic
    interpolation between them.

    Args:
        size: Height and width of the result, a window at a random place; None for those of
            the image.
        flip: `"horizontal"`, `"vertical"`, `"both"` or None; each with probability 1/2.
        rotation: Up to how many degrees, to either side.
        scale: Between which factors things are enlarged, `(low, high)`; evenly by their
            logarithm.
        elastic: Standard deviation of the displacements in pixels; the paper's is 10 at
            512 x 512.
        void: Label of what a mask does not cover; None mirrors masks, too.
        seed: Of the changes.

    Input: images `(batch, height, width, channels)` of any numbers; or a tuple of images,
        masks `(batch, height, width)` of whole numbers and, if wanted, more such tensors,
        e.g. weights of pixels (float; sampled by the nearest pixel; 0 outside where masks
        are void).
    Output: The same with the new sides; images are float32, the others keep their type.
        With `training=False` nothing is changed, except that the middle is cut out where
        `size` is given.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> images, masks = ops.ones((2, 32, 48, 3)), ops.ones((2, 32, 48), "int32")
        >>> warp = RandomWarp((16, 16), flip="horizontal", scale=(0.5, 2), seed=1)
        >>> [tuple(x.shape) for x in warp((images, masks), training=True)]
        [(2, 16, 16, 3), (2, 16, 16)]
    """

    def __init__(
        self,
        size=None,
        *,
        flip=None,
        rotation=0.0,
        scale=(1.0, 1.0),
        elastic=0.0,
        void=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**{"autocast": False} | kwargs)
        who = type(self).__name__
        check_choice(who, "flip", flip, FLIPS)
        check_between(who, "rotation", rotation, 0, 180, unit=" degrees")
        check_between(who, "elastic", elastic, 0, 1000, unit=" pixels")
        low, high = scale
        check_between(who, "scale[0]", low, 0.01, 100)
        check_between(who, "scale[1]", high, low, 100)
        self.size = None if size is None else check_pair(who, "size", size)
        self.flip = flip
        self.rotation = rotation
        self.scale = (low, high)
        self.elastic = elastic
        self.void = void
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        pass

    def call(self, inputs, training=None):
        alone = not isinstance(inputs, (tuple, list))
        images, *others = [inputs] if alone else inputs
        if not training and self.size is None:
            moved = (ops.cast(images, "float32"), *others)
        else:
            rows, columns = self._places(images, training)
            moved = (
                _smooth(ops.cast(images, "float32"), rows, columns),
                *(self._nearest(other, rows, columns) for other in others),
            )
        return moved[0] if alone else moved

    def compute_output_shape(self, input_shape):
        alone = not isinstance(input_shape[0], (tuple, list))
        shapes = [input_shape] if alone else input_shape
        moved = [
            tuple(shape) if self.size is None else (shape[0], *self.size, *shape[3:])
            for shape in shapes
        ]
        return moved[0] if alone else tuple(moved)

    def compute_output_spec(self, inputs, training=None):
        flat = keras.tree.flatten(inputs)
        shapes = self.compute_output_shape([x.shape for x in flat])
        types = ["float32", *(x.dtype for x in flat[1:])]
        specs = tuple(map(keras.KerasTensor, shapes, types))
        return specs if isinstance(inputs, (tuple, list)) else specs[0]

    def get_config(self):
        return super().get_config() | {
            "size": self.size,
            "flip": self.flip,
            "rotation": self.rotation,
            "scale": self.scale,
            "elastic": self.elastic,
            "void": self.void,
            "seed": self.seed,
        }

    def _places(self, images, training):
        """Where each pixel of the result comes from: rows and columns, `(batch, h, w)`."""
        batch, height, width, _ = ops.shape(images)
        new_height, new_width = self.size or (height, width)
        shape = (batch, 1, 1)
        scale, angle = ops.ones(shape), ops.zeros(shape)
        down = across = ops.ones(shape)
        if training:
            scale = ops.exp(self._draw(shape, *map(math.log, self.scale)))
            angle = self._draw(shape, -self.rotation, self.rotation) * (math.pi / 180)
            if self.flip in ("vertical", "both"):
                down = ops.sign(self._draw(shape, -1, 1))
            if self.flip in ("horizontal", "both"):
                across = ops.sign(self._draw(shape, -1, 1))
        middle_y = self._middle(height, new_height, scale, training)
        middle_x = self._middle(width, new_width, scale, training)
        y = ops.reshape(_offsets(new_height), (1, -1, 1)) * down / scale
        x = ops.reshape(_offsets(new_width), (1, 1, -1)) * across / scale
        cosine, sine = ops.cos(angle), ops.sin(angle)
        rows = middle_y + cosine * y + sine * x
        columns = middle_x - sine * y + cosine * x
        if training and self.elastic:
            bent = self._bend(batch, new_height, new_width)
            rows, columns = rows + bent[..., 0], columns + bent[..., 1]
        return rows, columns

    def _middle(self, side, new_side, scale, training):
        """Middle of the window, at whole pixels where nothing is scaled."""
        side, new_side = (ops.cast(each, "float32") for each in (side, new_side))
        first = (side - 1) / 2 - (new_side - 1) / (2 * scale)
        if training:
            room = ops.maximum(side - new_side / scale, 0.0) / 2
            first = first + room * self._draw(ops.shape(scale), -1, 1)
        return ops.round(first) + (new_side - 1) / (2 * scale)

    def _bend(self, batch, height, width):
        grid = keras.random.normal((batch, 3, 3, 2), 0.0, self.elastic, seed=self.generator)
        return ops.image.resize(
            grid, (height, width), interpolation="bicubic", data_format="channels_last"
        )

    def _draw(self, shape, low, high):
        return keras.random.uniform(shape, low, high, seed=self.generator)

    def _nearest(self, x, rows, columns):
        height, width = ops.shape(x)[1:3]
        rows, columns = (ops.floor(each + 0.5) for each in (rows, columns))
        moved = _pick(x, _mirrored(rows, height), _mirrored(columns, width))
        if self.void is None:
            return moved
        inside = (rows >= 0) & (columns >= 0)
        inside &= (rows < ops.cast(height, "float32")) & (columns < ops.cast(width, "float32"))
        floating = "float" in keras.backend.standardize_dtype(x.dtype)
        fill = ops.cast(0 if floating else self.void, x.dtype)
        return ops.where(inside, moved, fill)


def _offsets(side):
    """Distances of pixels from the middle."""
    return ops.arange(side, dtype="float32") - (ops.cast(side, "float32") - 1) / 2


def _mirrored(places, side):
    """Places on the image, those outside mirrored at its outermost pixels."""
    last = ops.cast(side, "float32") - 1
    folded = ops.mod(ops.abs(places), ops.maximum(2 * last, 1.0))
    return ops.clip(last - ops.abs(last - folded), 0.0, last)


def _smooth(images, rows, columns):
    """Bilinear interpolation of `(batch, height, width, channels)`."""
    height, width = ops.shape(images)[1:3]
    rows, columns = _mirrored(rows, height), _mirrored(columns, width)
    top, left = ops.floor(rows), ops.floor(columns)
    down, right = (
        ops.minimum(first + 1, ops.cast(side, "float32") - 1)
        for first, side in ((top, height), (left, width))
    )
    lower, later = (ops.expand_dims(each, -1) for each in (rows - top, columns - left))
    upper = _pick(images, top, left) * (1 - later) + _pick(images, top, right) * later
    under = _pick(images, down, left) * (1 - later) + _pick(images, down, right) * later
    return upper * (1 - lower) + under * lower


def _pick(x, rows, columns):
    """`x[b, rows[b], columns[b]]`; one look-up in the flattened batch."""
    batch, height, width = ops.shape(x)[:3]
    first = ops.reshape(ops.arange(batch, dtype="int32") * (height * width), (-1, 1, 1))
    places = ops.cast(rows, "int32") * width + ops.cast(columns, "int32") + first
    return ops.take(ops.reshape(x, (-1, *x.shape[3:])), places, axis=0)
