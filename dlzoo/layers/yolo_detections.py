"""From YOLO's candidates to what it found: the last layer of a finished detector."""

import keras
from keras import ops

from dlzoo._boxes.formats import clip
from dlzoo._boxes.picking import picked
from dlzoo._boxes.suppression import class_wise_suppression
from dlzoo._checks import check_between, check_positive_int
from dlzoo.layers.yolo import WithAnchors
from dlzoo.layers.yolo_candidates import class_scores, decoded_boxes, grid


@keras.saving.register_keras_serializable("dlzoo")
class YOLODetections(WithAnchors):
    """Decodes the candidates that are likeliest to be objects; of each class the best stay.

    A score is at most the objectness, so decoding begins with the `candidates` of the highest
    objectness; then non-max suppression works on each class by itself.

    Args:
        classes, anchors, strides, scores: As in `YOLOCandidates`.
        most: Detections an image.
        score_threshold: What is not above it is dropped.
        iou_threshold: Of two boxes of a class that share more, the better stays. Darknet's
            is 0.45.
        candidates: How many are decoded; None for all.

    Input: Candidates `(batch, n, 5 + classes)`, and the image that they are of (only its sides
        matter).
    Output: A dict: `boxes` `(batch, most, 4)`, corners in pixels of the image and inside it;
        `scores` `(batch, most)`, best first; `classes` `(batch, most)` int32, -1 where nothing
        is; `count` `(batch,)` int32, how many there are.

    Raises:
        ValueError: An argument is not allowed.

    Example:
        >>> layer = YOLODetections(1, [[(10, 20)]], [32], most=3)
        >>> found = layer([ops.ones((1, 1, 6)), ops.zeros((1, 32, 32, 3))])
        >>> int(found["count"][0]), [int(label) for label in found["classes"][0]]
        (1, [0, -1, -1])
    """

    def __init__(
        self,
        classes,
        anchors,
        strides,
        scores="sigmoid",
        *,
        most=100,
        score_threshold=0.05,
        iou_threshold=0.45,
        candidates=1000,
        **kwargs,
    ):
        super().__init__(classes, anchors, strides, scores, **kwargs)
        check_positive_int("YOLODetections", "most", most)
        check_between("YOLODetections", "score_threshold", score_threshold, 0, 1)
        check_between("YOLODetections", "iou_threshold", iou_threshold, 0, 1)
        if candidates is not None:
            check_positive_int("YOLODetections", "candidates", candidates)
        self.most = most
        self.score_threshold = score_threshold
        self.iou_threshold = iou_threshold
        self.candidates = candidates

    def call(self, inputs):
        raw, image = inputs
        height, width = ops.shape(image)[1:3]
        raw, places = self._likeliest(raw, grid(height, width, self.anchors, self.strides))
        found = class_wise_suppression(
            decoded_boxes(raw[..., :4], *places),
            class_scores(raw, self.scores),
            iou_threshold=self.iou_threshold,
            most=self.most,
            score_threshold=self.score_threshold,
        )
        height, width = (ops.cast(side, self.compute_dtype) for side in (height, width))
        return found | {"boxes": clip(found["boxes"], height, width)}

    def compute_output_spec(self, inputs):
        batch = inputs[0].shape[0]

        def spec(shape, dtype):
            return keras.KerasTensor((batch, *shape), dtype=dtype)

        return {
            "boxes": spec((self.most, 4), "float32"),
            "scores": spec((self.most,), "float32"),
            "classes": spec((self.most,), "int32"),
            "count": spec((), "int32"),
        }

    def get_config(self):
        return super().get_config() | {
            "most": self.most,
            "score_threshold": self.score_threshold,
            "iou_threshold": self.iou_threshold,
            "candidates": self.candidates,
        }

    def _likeliest(self, raw, places):
        """The candidates with the highest objectness, and where they are."""
        total = ops.shape(raw)[1]
        if self.candidates is None or (isinstance(total, int) and total <= self.candidates):
            return raw, places
        count = self.candidates
        if not isinstance(total, int):
            count = ops.minimum(count, total)
        _, chosen = ops.top_k(raw[..., 4], count)
        chosen = ops.cast(chosen, "int32")
        return picked(raw, chosen), [ops.take(part, chosen, axis=0) for part in places]
