"""How wrong a localiser is about the one object of an image."""

import keras
from keras import ops

from dlzoo._checks import check_between, check_positive_int
from dlzoo.layers.object_scores import object_parts

_TINY = 1e-7  # probabilities are kept so far from 0 and 1


@keras.saving.register_keras_serializable("dlzoo")
class LocalizationLoss(keras.losses.Loss):
    """Logistic loss of "is there an object"; where there is one, of its box and class, too.

    deeplearning.ai, Convolutional Neural Networks, week 3, "Object Localization". With the
    vector `(p, x, y, width, height, classes..., landmarks...)`, t the truth and q the answer:

        -t_p log q_p - (1 - t_p) log(1 - q_p)
        + t_p (box_weight sum (t_box - q_box)**2 - sum t_class log q_class
               + landmark_weight sum (t_points - q_points)**2)

    The box is its centre and sides as fractions of the image's sides, a landmark `x, y` so,
    too. Where t_p is 0 the other numbers count for nothing, whatever they are.

    Args:
        landmarks: Number of points at the end of the vector.
        box_weight: 1 is the course's; boxes in fractions have small errors, so that more
            makes them count as much as the class.
        landmark_weight: The same for landmarks.
        from_logits: p and classes are not probabilities yet.

    Called with truth and answer, `(batch, 5 + classes + 2 * landmarks)` each;
    `dlzoo.detection.object_vectors` makes the truth.

    Raises:
        ValueError: A weight is not between 0 and 1e6, or `landmarks` is negative.

    Example:
        >>> truth = ops.convert_to_tensor([[1.0, 0.5, 0.5, 0.2, 0.2, 0.0, 1.0]])
        >>> answer = ops.convert_to_tensor([[1.0, 0.6, 0.5, 0.2, 0.2, 0.5, 0.5]])
        >>> round(float(LocalizationLoss()(truth, answer)), 4)   # 0.1**2 + ln 2
        0.7031
    """

    def __init__(
        self,
        landmarks=0,
        box_weight=1.0,
        landmark_weight=1.0,
        from_logits=False,
        name="localization_loss",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        who = "LocalizationLoss"
        check_positive_int(who, "landmarks", landmarks, minimum=0)
        check_between(who, "box_weight", box_weight, 0, 1e6)
        check_between(who, "landmark_weight", landmark_weight, 0, 1e6)
        self.landmarks = landmarks
        self.box_weight = box_weight
        self.landmark_weight = landmark_weight
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        # not by a factor of 0: what is unknown of an image without an object may be NaN
        y_true = ops.where(y_true[..., :1] > 0, y_true, ops.zeros_like(y_true))
        truth, box, classes, points = object_parts(y_true, self.landmarks)
        p, found_box, found_classes, found_points = object_parts(y_pred, self.landmarks)
        truth = truth[..., 0]
        where = _squares(box, found_box) * self.box_weight
        where += _squares(points, found_points) * self.landmark_weight
        what = -ops.sum(classes * self._log_probabilities(found_classes), axis=-1)
        return self._logistic(truth, p[..., 0]) + truth * (where + what)

    def get_config(self):
        return super().get_config() | {
            "landmarks": self.landmarks,
            "box_weight": self.box_weight,
            "landmark_weight": self.landmark_weight,
            "from_logits": self.from_logits,
        }

    def _logistic(self, truth, p):
        if self.from_logits:
            return ops.relu(p) - p * truth + ops.softplus(-ops.abs(p))
        p = ops.clip(p, _TINY, 1 - _TINY)
        return -truth * ops.log(p) - (1 - truth) * ops.log(1 - p)

    def _log_probabilities(self, classes):
        if self.from_logits:
            return ops.log_softmax(classes, axis=-1)
        return ops.log(ops.clip(classes, _TINY, 1.0))


def _squares(truth, found):
    return ops.sum(ops.square(truth - found), axis=-1)
