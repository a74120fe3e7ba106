"""The end of a two-stage detector: from what each proposal was taken for to detections."""

import keras
from keras import layers, ops

from dlzoo._boxes.coding import decode
from dlzoo._boxes.formats import clip
from dlzoo._boxes.overlap import area
from dlzoo._boxes.suppression import class_wise_suppression
from dlzoo._checks import check_between, check_positive_int

NOTHING = float("-inf")
SMALLEST = 1e-2  # pixels: a detection with a shorter side is none
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # brings the steps of the second stage to unit variance


@keras.saving.register_keras_serializable("dlzoo")
class RoIDetections(layers.Layer):
    """Probabilities by softmax, a box a class, suppression of each class.

    Args:
        score_threshold: Detections whose probability is not above it are dropped.
        iou_threshold: Of the suppression.
        most: Detections of an image at most.

    Input: A list `[image, boxes, logits, steps]`: the proposals `(batch, n, 4)`, logits
        `(batch, n, 1 + classes)`, the background first, and steps from the proposals to a
        box for each of them, `(batch, n, 4 * (1 + classes))`. Empty boxes count as none.
    Output: A dict of `boxes (batch, most, 4)` in pixels, `scores (batch, most)`, `classes
        (batch, most)` int32, and `count (batch,)` int32, the best first.
    """

    def __init__(self, score_threshold=0.05, iou_threshold=0.5, most=100, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        check_between("RoIDetections", "score_threshold", score_threshold, 0, 1)
        check_between("RoIDetections", "iou_threshold", iou_threshold, 0, 1)
        check_positive_int("RoIDetections", "most", most)
        self.score_threshold = score_threshold
        self.iou_threshold = iou_threshold
        self.most = most
        # XLA has not TensorFlow's fused suppression
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def build(self, input_shape):
        pass

    def call(self, inputs):
        image, proposals, logits, steps = inputs
        scores = ops.softmax(logits, axis=-1)[..., 1:]
        boxes = decoded(proposals, steps)[..., 1:, :]
        _, height, width, _ = ops.shape(image)
        boxes = clip(boxes, height, width)
        large = ops.all(boxes[..., 2:] - boxes[..., :2] >= SMALLEST, axis=-1)
        there = (area(proposals) > 0)[..., None] & large
        return class_wise_suppression(
            boxes,
            ops.where(there, scores, NOTHING),
            iou_threshold=self.iou_threshold,
            most=self.most,
            score_threshold=self.score_threshold,
        )

    def compute_output_spec(self, inputs):
        batch = inputs[0].shape[0]
        return {
            "boxes": keras.KerasTensor((batch, self.most, 4), "float32"),
            "scores": keras.KerasTensor((batch, self.most), "float32"),
            "classes": keras.KerasTensor((batch, self.most), "int32"),
            "count": keras.KerasTensor((batch,), "int32"),
        }

    def get_config(self):
        return super().get_config() | {
            "score_threshold": self.score_threshold,
            "iou_threshold": self.iou_threshold,
            "most": self.most,
        }


def decoded(proposals, steps):
    """A box for each class `(batch, n, classes, 4)` from steps `(batch, n, 4 * classes)`."""
    batch, count, numbers = ops.shape(steps)
    steps = ops.reshape(steps, (batch, count, numbers // 4, 4))
    return decode(steps, proposals[:, :, None], weights=BOX_WEIGHTS)
