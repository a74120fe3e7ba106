"""Learning rates that fall in the ways that Keras lacks.

The course names four; `keras.optimizers.schedules` has three of them:

    alpha0 / (1 + decay_rate * epoch)    InverseTimeDecay(alpha0, steps_per_epoch, decay_rate)
    alpha0 * 0.95 ** epoch               ExponentialDecay(alpha0, steps_per_epoch, 0.95)
    a staircase                          either with staircase=True, or PiecewiseConstantDecay
    alpha0 * k / sqrt(epoch)             here
"""

import keras
from keras import ops

from dlzoo._checks import check_between, check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class InverseSqrtDecay(keras.optimizers.schedules.LearningRateSchedule):
    """`initial_learning_rate * k / sqrt(epoch)`, epochs counted from 1.

    Args:
        initial_learning_rate: alpha0.
        steps_per_epoch: Batches in an epoch, during which the rate stays the same. With 1
            the rate falls at every batch: the course's `alpha0 * k / sqrt(t)`.
        k: A factor.

    Raises:
        ValueError: A number is out of its range.

    Example:
        >>> schedule = InverseSqrtDecay(0.2, steps_per_epoch=100)
        >>> [round(float(schedule(step)), 3) for step in (0, 99, 100, 300)]
        [0.2, 0.2, 0.141, 0.1]
        >>> optimizer = keras.optimizers.SGD(schedule)
    """

    def __init__(self, initial_learning_rate, steps_per_epoch, k=1.0):
        super().__init__()
        who = type(self).__name__
        check_between(who, "initial_learning_rate", initial_learning_rate, 0, float("inf"))
        check_positive_int(who, "steps_per_epoch", steps_per_epoch)
        check_between(who, "k", k, 0, float("inf"))
        self.initial_learning_rate = initial_learning_rate
        self.steps_per_epoch = steps_per_epoch
        self.k = k

    def __call__(self, step):
        epoch = ops.floor(ops.cast(step, "float32") / self.steps_per_epoch) + 1.0
        return self.initial_learning_rate * self.k * ops.rsqrt(epoch)

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "steps_per_epoch": self.steps_per_epoch,
            "k": self.k,
        }
