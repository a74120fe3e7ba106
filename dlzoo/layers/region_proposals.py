"""The first stage of Faster R-CNN: where something might be."""

import keras
import numpy as np
from keras import layers, ops

from dlzoo._boxes.coding import decode
from dlzoo._boxes.formats import clip
from dlzoo._boxes.picking import picked
from dlzoo._boxes.suppression import class_wise_suppression
from dlzoo._checks import check_between, check_positive_int

NOTHING = float("-inf")
SMALLEST = 1e-3  # pixels: a proposal with a shorter side is none
PREDICTED = 9  # numbers an anchor: whether, four steps away from it, and the anchor itself


@keras.saving.register_keras_serializable("dlzoo")
class RegionProposalHead(layers.Layer):
    """At each place of each map, for each anchor: is there an object, and where exactly?

    Ren et al. 2015, https://arxiv.org/abs/1506.01497, section 3.1; on the levels of a
    pyramid with the same weights, Lin et al. 2017, https://arxiv.org/abs/1612.03144,
    section 4.1. Anchors are those of torchvision: rounded to whole pixels, their middle on
    the first pixel of a step.

    Args:
        sizes: Side of the anchors on each map, in pixels: a number or several for a map.
        ratios: Height by width of the anchors of a size.

    Input: A list `[image, map, ...]` of `(batch, height, width, channels)`.
    Output: For each map `(batch, height * width * anchors, 9)`, float32: the logit that there
        is an object, the steps to it as of `dlzoo.detection.boxes.encode`, the anchor.
    """

    def __init__(
        self, sizes=(32, 64, 128, 256, 512), ratios=(0.5, 1.0, 2.0), **kwargs
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.sizes = tuple(tuple(np.atleast_1d(size).tolist()) for size in sizes)
        self.ratios = tuple(ratios)
        if len({len(size) for size in self.sizes}) != 1:
            raise ValueError(
                "RegionProposalHead: sizes must be as many for each map, because all maps "
                f"share their weights; got {sizes!r}."
            )
        self.anchors = len(self.ratios) * len(self.sizes[0])

    def build(self, input_shape):
        _, *maps = input_shape
        if len(maps) != len(self.sizes):
            raise ValueError(
                f"{self.name}: sizes must be given for each of the {len(maps)} maps; got "
                f"{self.sizes!r}."
            )
        inside = {"dtype": self.dtype_policy, "kernel_initializer": _small()}
        channels = maps[0][-1]
        self.hidden = layers.Conv2D(
            channels, 3, padding="same", activation="relu", name="hidden", **inside
        )
        self.objectness = layers.Conv2D(self.anchors, 1, name="objectness", **inside)
        self.steps = layers.Conv2D(4 * self.anchors, 1, name="steps", **inside)
        for layer in (self.hidden, self.objectness, self.steps):
            layer.build(maps[0])

    def call(self, inputs):
        image, *maps = inputs
        sides = ops.shape(image)[1:3]
        return [
            self._on_map(each, sides, sizes)
            for each, sizes in zip(maps, self.sizes, strict=True)
        ]

    def _on_map(self, features, sides, sizes):
        batch, height, width, _ = ops.shape(features)
        x = self.hidden(features)
        predicted = [(self.objectness(x), 1), (self.steps(x), 4)]
        count = height * width * self.anchors
        predicted = [
            ops.cast(ops.reshape(each, (batch, count, last)), "float32")
            for each, last in predicted
        ]
        anchors = anchor_grid(sizes, self.ratios, (height, width), sides)
        anchors = ops.broadcast_to(anchors[None], (batch, count, 4))
        return ops.concatenate([*predicted, anchors], axis=-1)

    def compute_output_spec(self, inputs):
        found = []
        for each in inputs[1:]:
            batch, height, width, _ = each.shape
            count = None if None in (height, width) else height * width * self.anchors
            found.append(keras.KerasTensor((batch, count, PREDICTED), "float32"))
        return found

    def get_config(self):
        return super().get_config() | {"sizes": self.sizes, "ratios": self.ratios}


def _small():
    # section 3.1: weights of a Gaussian of standard deviation 0.01
    return keras.initializers.RandomNormal(stddev=0.01)


def anchor_grid(sizes, ratios, steps, sides):
    """Anchors `(height * width * anchors, 4)` of a map with `steps` on an image of `sides`."""
    around = []
    for ratio in np.sqrt(np.asarray(ratios, "float32")):
        for size in np.asarray(sizes, "float32"):
            width, height = 1 / ratio * size / 2, ratio * size / 2
            around.append([-width, -height, width, height])
    around = ops.convert_to_tensor(np.round(np.asarray(around, "float32")))
    down, across = (
        ops.arange(count, dtype="float32") * ops.cast(side // count, "float32")
        for count, side in zip(steps, sides, strict=True)
    )
    down, across = ops.meshgrid(down, across, indexing="ij")
    corners = ops.stack([across, down, across, down], axis=-1)
    return ops.reshape(corners[:, :, None] + around, (-1, 4))


@keras.saving.register_keras_serializable("dlzoo")
class Proposals(layers.Layer):
    """The likeliest boxes of a `RegionProposalHead`, one an object, as many for each image.

    Args:
        most: Boxes that are proposed.
        candidates: Of each map so many of the best are looked at.
        iou_threshold: Of the suppression, which is done on each map.

    Input: A list `[image, predictions of a map, ...]`.
    Output: Boxes `(batch, most, 4)` in pixels, the best first, without a gradient; 0 where
        there are no more.
    """

    def __init__(self, most=1000, candidates=1000, iou_threshold=0.7, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        check_positive_int("Proposals", "most", most)
        check_positive_int("Proposals", "candidates", candidates)
        check_between("Proposals", "iou_threshold", iou_threshold, 0, 1)
        self.most = most
        self.candidates = candidates
        self.iou_threshold = iou_threshold
        # XLA has not TensorFlow's fused suppression
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def build(self, input_shape):
        pass

    def call(self, inputs):
        image, *predicted = inputs
        best = [self._best(ops.stop_gradient(each)) for each in predicted]
        boxes = ops.stack([boxes for boxes, _ in best], axis=2)
        scores = ops.stack([scores for _, scores in best], axis=2)
        _, height, width, _ = ops.shape(image)
        boxes = clip(boxes, height, width)
        sides = boxes[..., 2:] - boxes[..., :2]
        scores = ops.where(ops.all(sides >= SMALLEST, axis=-1), scores, NOTHING)
        limits = {"iou_threshold": self.iou_threshold, "most": self.most}
        return class_wise_suppression(boxes, scores, **limits)["boxes"]

    def _best(self, predicted):
        """Boxes `(batch, candidates, 4)` and their probability, padded with nothing."""
        logits = predicted[..., 0]
        padding = ops.full((ops.shape(logits)[0], self.candidates), NOTHING)
        logits = ops.concatenate([logits, padding], axis=1)
        logits, places = ops.top_k(logits, self.candidates)
        places = ops.minimum(ops.cast(places, "int32"), ops.shape(predicted)[1] - 1)
        chosen = picked(predicted, places)
        boxes = decode(chosen[..., 1:5], chosen[..., 5:9])
        return boxes, ops.where(logits > NOTHING, ops.sigmoid(logits), NOTHING)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((inputs[0].shape[0], self.most, 4), "float32")

    def get_config(self):
        return super().get_config() | {
            "most": self.most,
            "candidates": self.candidates,
            "iou_threshold": self.iou_threshold,
        }
