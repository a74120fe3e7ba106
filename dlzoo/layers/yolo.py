"""From the maps of YOLO's heads to boxes: one row of numbers a candidate, then decoding.

A head answers, for each cell and each of its anchors, `5 + classes` numbers: t_x, t_y, t_w,
t_h, t_o and one a class. Candidates are their rows: scales in the order of the heads, in each
scale cells row by row, in each cell anchor by anchor.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers.yolo_candidates import (
    SCORES,
    checked_anchors,
    class_scores,
    decoded_boxes,
    grid,
)


class WithAnchors(layers.Layer):
    """What layers about candidates know: classes, anchors, strides, kind of scores."""

    def __init__(self, classes, anchors, strides, scores="sigmoid", **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        who = type(self).__name__
        check_positive_int(who, "classes", classes)
        check_choice(who, "scores", scores, SCORES)
        self.classes = classes
        self.strides = tuple(strides)
        self.anchors = checked_anchors(who, anchors, self.strides)
        self.scores = scores

    def build(self, input_shape):
        pass

    @property
    def facts(self):
        """The arguments by name, for a layer or a loss that goes with this one."""
        return {
            "classes": self.classes,
            "anchors": self.anchors,
            "strides": self.strides,
            "scores": self.scores,
        }

    def get_config(self):
        return super().get_config() | self.facts


@keras.saving.register_keras_serializable("dlzoo")
class YOLOCandidates(WithAnchors):
    """The maps of all heads as one list of candidates, not decoded: what `YOLOLoss` takes.

    Args:
        classes: Number of them.
        anchors: `(width, height)` in pixels, a list a scale.
        strides: Pixels of a cell's side, one a scale.
        scores: `"sigmoid"`, each class by itself (version 3), or `"softmax"` (version 2).

    Input: A list of `(batch, rows, columns, anchors * (5 + classes))`, one a scale.
    Output: `(batch, candidates, 5 + classes)` float32, the same numbers.

    Raises:
        ValueError: An argument is not allowed, or a map has another number of channels.

    Example:
        >>> layer = YOLOCandidates(3, [[(10, 20), (40, 40)]], [32])
        >>> tuple(layer([ops.zeros((1, 4, 5, 16))]).shape)
        (1, 40, 8)
    """

    def build(self, input_shape):
        for shape, scale in zip(input_shape, self.anchors, strict=True):
            if shape[-1] != len(scale) * (5 + self.classes):
                raise ValueError(
                    f"{self.name}: a map must have {len(scale)} x (5 + {self.classes}) "
                    f"channels, because each anchor has a box, an objectness and a score a "
                    f"class; got shape {tuple(shape)}."
                )

    def call(self, maps):
        rows = 5 + self.classes
        each = []
        for x, scale in zip(maps, self.anchors, strict=True):
            # Sides that are known stay known.
            known = None not in x.shape[1:3]
            count = x.shape[1] * x.shape[2] * len(scale) if known else -1
            batch = -1 if known else ops.shape(x)[0]
            each.append(ops.reshape(ops.cast(x, self.compute_dtype), (batch, count, rows)))
        return ops.concatenate(each, axis=1)

    def compute_output_shape(self, input_shape):
        sides = [shape[1:3] for shape in input_shape]
        count = None
        if not any(None in pair for pair in sides):
            pairs = zip(sides, self.anchors, strict=True)
            count = sum(math.prod(pair) * len(scale) for pair, scale in pairs)
        return input_shape[0][0], count, 5 + self.classes

    def compute_output_spec(self, maps):
        shape = self.compute_output_shape([x.shape for x in maps])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("dlzoo")
class YOLOBoxes(WithAnchors):
    """Candidates to boxes in pixels and scores a class, every one of them.

    Arguments as in `YOLOCandidates`.

    Input: Candidates `(batch, candidates, 5 + classes)`, and the image that they are of (only
        its sides matter).
    Output: A dict: `boxes` `(batch, candidates, 4)`, corners in pixels of the image, not
        clipped to it; `scores` `(batch, candidates, classes)`, objectness times the
        probability of the class.

    Example:
        >>> layer = YOLOBoxes(1, [[(10, 20)]], [32])
        >>> found = layer([ops.zeros((1, 1, 6)), ops.zeros((1, 32, 32, 3))])
        >>> np.asarray(found["boxes"])[0].tolist(), float(found["scores"][0, 0, 0])
        ([[11.0, 6.0, 21.0, 26.0]], 0.25)
    """

    def call(self, inputs):
        raw, image = inputs
        height, width = ops.shape(image)[1:3]
        places = grid(height, width, self.anchors, self.strides)
        return {
            "boxes": decoded_boxes(raw[..., :4], *places),
            "scores": class_scores(raw, self.scores),
        }

    def compute_output_shape(self, input_shape):
        batch, count, _ = input_shape[0]
        return {"boxes": (batch, count, 4), "scores": (batch, count, self.classes)}


@keras.saving.register_keras_serializable("dlzoo")
class ObjectnessPrior(keras.initializers.Initializer):
    """Biases of a head by which candidates are taken for background at first.

    Nearly all are; without it the first steps only teach that (Lin et al. 2017,
    https://arxiv.org/abs/1708.02002, section 4.1). Darknet has zeros.

    Args:
        outputs: Numbers a candidate, `5 + classes`.
        prior: The probability of an object that a head starts with.

    Example:
        >>> np.asarray(ObjectnessPrior(6, 0.5)((12,))).tolist() == [0.0] * 12
        True
    """

    def __init__(self, outputs, prior=0.01):
        self.outputs = outputs
        self.prior = prior

    def __call__(self, shape, dtype=None):
        bias = np.zeros(shape)
        bias[4 :: self.outputs] = math.log(self.prior / (1 - self.prior))
        return ops.convert_to_tensor(bias, dtype)

    def get_config(self):
        return {"outputs": self.outputs, "prior": self.prior}
