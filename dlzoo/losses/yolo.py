"""The loss of YOLO v2 and v3, from padded boxes and raw candidates."""

import math

import keras
from keras import ops

from dlzoo._boxes.overlap import giou, iou
from dlzoo._checks import check_between, check_choice, check_positive_int
from dlzoo.layers.yolo_candidates import SCORES, checked_anchors, decoded_boxes, grid
from dlzoo.losses.yolo_targets import real, responsible, unpacked

BOXES = ("squared", "giou")


@keras.saving.register_keras_serializable("dlzoo")
class YOLOLoss(keras.losses.Loss):
    """`box + object + background + class`, summed over an image, the mean of the batch.

    Each object has one responsible candidate (`losses.yolo_targets`): its cell, its
    best-shaped anchor. With x, y in cells from the cell's corner and w, h of the object:

    - box: `(2 - w h / (W H)) / 2 ((x - s(t_x))^2 + (y - s(t_y))^2 + (log(w / a_w) - t_w)^2 +
      (log(h / a_h) - t_h)^2)`, s the logistic function and W x H the image: small objects
      count up to twice as much;
    - object: the responsible candidate's objectness should be 1;
    - background: all others' should be 0, except where a decoded box overlaps an object by
      more than `ignore`;
    - class: of the responsible candidate.

    Version 3 (`scores="sigmoid"`) takes cross entropies for x, y, objectness and for every
    class by itself. Version 2 (`scores="softmax"`) takes half the squared error for x, y and
    objectness, whose target is the overlap of the decoded box with its object, and the cross
    entropy over the classes. Slopes are those of Darknet's program (`src/yolo_layer.c`,
    `src/region_layer.c`), without version 2's first 12,800 images, in which all candidates are
    drawn to their anchors.

    Args:
        classes, anchors, strides, scores: As in `dlzoo.layers.YOLOCandidates`.
        input_shape: Height and width of the images in pixels; None where they are square.
        ignore: IoU between 0 and 1; None for 0.5 of version 3's paper, 0.6 of version 2.
        box: `"squared"`, as above, or `"giou"`: `(2 - w h / (W H)) (1 - GIoU)` of the decoded
            box (Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630), a departure.
        box_weight, background_weight, class_weight: Factors of the parts.
        object_weight: The same; None for 1 of version 3, 5 of version 2.

    Called with targets, `{"boxes": (batch, objects, 4), "classes": (batch, objects)}` in
    pixels or both in one `(batch, objects, 5)`, padded with class -1; and candidates
    `(batch, n, 5 + classes)`. An image without objects has a loss of background alone.

    Raises:
        ValueError: An argument is not allowed, or the candidates are not those of a square.

    Example:
        >>> loss = YOLOLoss(1, [[(16, 16)]], [32])
        >>> targets = ops.convert_to_tensor([[[8.0, 8.0, 24.0, 24.0, 0.0]]])
        >>> round(float(loss(targets, ops.zeros((1, 1, 6)))), 3)   # (2 x 1.75 + 2) x log 2
        3.812
    """

    def __init__(
        self,
        classes,
        anchors,
        strides,
        scores="sigmoid",
        *,
        input_shape=None,
        ignore=None,
        box="squared",
        box_weight=1.0,
        object_weight=None,
        background_weight=1.0,
        class_weight=1.0,
        name="yolo_loss",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_positive_int("YOLOLoss", "classes", classes)
        check_choice("YOLOLoss", "scores", scores, SCORES)
        check_choice("YOLOLoss", "box", box, BOXES)
        second = scores == "softmax"
        self.classes = classes
        self.strides = tuple(strides)
        self.anchors = checked_anchors("YOLOLoss", anchors, self.strides)
        self.scores = scores
        self.input_shape = None if input_shape is None else tuple(input_shape)
        self.ignore = (0.6 if second else 0.5) if ignore is None else ignore
        check_between("YOLOLoss", "ignore", self.ignore, 0, 1)
        self.box = box
        self.weights = {
            "box_weight": box_weight,
            "object_weight": (5.0 if second else 1.0)
            if object_weight is None
            else object_weight,
            "background_weight": background_weight,
            "class_weight": class_weight,
        }
        for argument, weight in self.weights.items():
            check_between("YOLOLoss", argument, weight, 0, 1e6)

    def call(self, y_true, y_pred):
        parts = self.parts(y_true, y_pred)
        return sum(
            self.weights[f"{part}_weight"] * ops.sum(values, axis=-1)
            for part, values in parts.items()
        )

    def parts(self, y_true, y_pred):
        """The four parts before their weights: `(batch, objects)`, of the background
        `(batch, candidates)`."""
        boxes, classes = unpacked(y_true)
        boxes = ops.cast(boxes, y_pred.dtype)
        height, width = sides = self.input_shape or self._square(y_pred)
        places = grid(height, width, self.anchors, self.strides)
        mine = responsible(
            boxes, classes, input_shape=sides, anchors=self.anchors, strides=self.strides
        )
        rows = ops.take_along_axis(y_pred, mine.candidate[..., None], axis=1)
        own = [ops.cast(ops.take(part, mine.candidate, axis=0), rows.dtype) for part in places]
        safe = ops.where(
            mine.there[..., None], boxes, ops.cast([0.0, 0.0, 1.0, 1.0], boxes.dtype)
        )
        counts = ops.cast(mine.there, rows.dtype)
        return {
            "box": self._box(rows, safe, own, sides) * counts,
            "object": self._object(rows, safe, own) * counts,
            "background": self._background(y_pred, boxes, classes, places, mine),
            "class": self._class(rows, classes) * counts,
        }

    def get_config(self):
        own = ("classes", "anchors", "strides", "scores", "input_shape", "ignore", "box")
        return super().get_config() | {key: getattr(self, key) for key in own} | self.weights

    def _square(self, y_pred):
        """Sides of the square image that has as many candidates."""
        count = y_pred.shape[1]
        each = sum(
            len(scale) / stride**2
            for scale, stride in zip(self.anchors, self.strides, strict=True)
        )
        side = 0 if count is None else round(math.sqrt(count / each))
        cells = sum(
            len(scale) * (side // stride) ** 2
            for scale, stride in zip(self.anchors, self.strides, strict=True)
        )
        if not side or cells != count:
            raise ValueError(
                f"YOLOLoss: input_shape must be given as (height, width), because {count} "
                f"candidates are not those of a square image; got None."
            )
        return side, side

    def _box(self, rows, boxes, own, sides):
        cells, shapes, steps = own
        extent = boxes[..., 2:] - boxes[..., :2]
        small = 2 - ops.prod(extent, axis=-1) / (sides[0] * sides[1])
        if self.box == "giou":
            decoded = decoded_boxes(rows[..., :4], cells, shapes, steps)
            return small * (1 - ops.cast(giou(decoded, boxes, paired=True), rows.dtype))
        place = ops.clip((boxes[..., :2] + boxes[..., 2:]) / 2 / steps - cells, 0.0, 1.0)
        if self.scores == "sigmoid":
            centre = ops.binary_crossentropy(place, rows[..., :2], from_logits=True)
        else:
            centre = (place - ops.sigmoid(rows[..., :2])) ** 2 / 2
        grown = (ops.log(extent / shapes) - rows[..., 2:4]) ** 2 / 2
        return small * ops.sum(centre + grown, axis=-1)

    def _object(self, rows, boxes, own):
        if self.scores == "sigmoid":
            return ops.softplus(-rows[..., 4])
        overlap = iou(decoded_boxes(rows[..., :4], *own), boxes, paired=True)
        overlap = ops.cast(ops.stop_gradient(overlap), rows.dtype)
        return (overlap - ops.sigmoid(rows[..., 4])) ** 2 / 2

    def _background(self, y_pred, boxes, classes, places, mine):
        raw = ops.stop_gradient(y_pred[..., :4])
        boxes = ops.where(real(boxes, classes)[..., None], boxes, 0.0)
        best = ops.max(iou(decoded_boxes(raw, *places), boxes), axis=-1)
        numbers = ops.arange(y_pred.shape[1], dtype="int32")
        taken = ops.equal(mine.candidate[:, :, None], numbers)
        taken = ops.any(ops.logical_and(taken, mine.there[..., None]), axis=1)
        empty = ops.logical_not(ops.logical_or(taken, best > self.ignore))
        raw = y_pred[..., 4]
        wrong = ops.softplus(raw) if self.scores == "sigmoid" else ops.sigmoid(raw) ** 2 / 2
        return wrong * ops.cast(empty, raw.dtype)

    def _class(self, rows, classes):
        labels = ops.cast(ops.maximum(classes, 0), "int32")
        truth = ops.one_hot(labels, self.classes, dtype=rows.dtype)
        raw = rows[..., 5:]
        if self.scores == "sigmoid":
            return ops.sum(ops.binary_crossentropy(truth, raw, from_logits=True), axis=-1)
        return -ops.sum(truth * ops.log_softmax(raw, axis=-1), axis=-1)
