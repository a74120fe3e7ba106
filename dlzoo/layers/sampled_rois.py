"""What a two-stage detector learns from: some of its proposals, drawn anew each time."""

import keras
from keras import layers, ops

from dlzoo._boxes.matching import balanced, match
from dlzoo._boxes.overlap import area
from dlzoo._checks import check_between, check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class SampledRoIs(layers.Layer):
    """Of the proposals and the true boxes, objects and background in a fixed share.

    Girshick 2015, https://arxiv.org/abs/1504.08083, section 2.3: IoU of at least 0.5 with a
    true box makes an object, and a quarter of the boxes are objects. As in torchvision the
    true boxes are proposals, too, and all the others are background.

    Args:
        most: Boxes of an image.
        share: Of them, at most, that are objects.
        iou_threshold: From which on a box is an object.
        seed: Of the lots.

    Input: A list `[boxes, truth]`: proposals `(batch, n, 4)`, empty ones count as none, and
        true boxes `(batch, m, 5)` with their class, -1 where there is none.
    Output: `(batch, most, 4)`, 0 where there are no more.
    """

    def __init__(self, most=128, share=0.25, iou_threshold=0.5, seed=None, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        check_positive_int("SampledRoIs", "most", most)
        check_between("SampledRoIs", "share", share, 0, 1)
        check_between("SampledRoIs", "iou_threshold", iou_threshold, 0, 1)
        self.most = most
        self.share = share
        self.iou_threshold = iou_threshold
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        pass

    def call(self, inputs):
        boxes, truth = inputs
        known = ops.where(truth[..., 4:] >= 0, truth[..., :4], 0.0)
        boxes = ops.stop_gradient(ops.concatenate([boxes, known], axis=1))
        limits = {"low": self.iou_threshold, "high": self.iou_threshold}
        kinds, _ = match(boxes, truth, **limits)
        kinds = ops.where(area(boxes) > 0, kinds, -1)
        lots = keras.random.uniform(ops.shape(kinds), seed=self.seed_generator)
        objects = int(self.most * self.share)
        positive, negative = balanced(kinds, lots, self.most, objects)
        order = ops.cast(positive, "int32") * 2 + ops.cast(negative, "int32")
        missing = ops.zeros((ops.shape(boxes)[0], self.most), "int32")
        order = ops.concatenate([order, missing], axis=1)
        boxes = ops.pad(boxes, [[0, 0], [0, self.most], [0, 0]])
        places = ops.argsort(-order, axis=-1)[:, : self.most]
        drawn = ops.take_along_axis(order, places, axis=1) > 0
        found = ops.take_along_axis(boxes, places[..., None], axis=1)
        return ops.where(drawn[..., None], found, 0.0)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((inputs[0].shape[0], self.most, 4), "float32")

    def get_config(self):
        return super().get_config() | {
            "most": self.most,
            "share": self.share,
            "iou_threshold": self.iou_threshold,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("dlzoo")
class WithLots(layers.Layer):
    """Puts a random number of 0 to 1 behind what is predicted of each anchor, for `RPNLoss`.

    Input: A list of `(batch, n, numbers)`, one a map.
    Output: `(batch, all n, numbers + 1)`.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        pass

    def call(self, inputs):
        x = ops.concatenate(inputs, axis=1)
        lots = keras.random.uniform((*ops.shape(x)[:2], 1), seed=self.seed_generator)
        return ops.concatenate([x, lots], axis=-1)

    def compute_output_spec(self, inputs):
        batch, _, numbers = inputs[0].shape
        counts = [each.shape[1] for each in inputs]
        count = None if None in counts else sum(counts)
        return keras.KerasTensor((batch, count, numbers + 1), "float32")

    def get_config(self):
        return super().get_config() | {"seed": self.seed}
