"""Batch normalisation with the backend's fused kernels.

Keras 3's own layer computes the moments of a batch with separate operations. TensorFlow
and PyTorch have one kernel for mean, variance, normalisation and its gradient, which
makes a whole training step of a convolutional network up to 1.6 times as fast on a CPU
(`benchmarks/train_step.py`). JAX needs none: XLA fuses the separate operations itself.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlzoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, a channel at a time.

    In training, mean and variance are those of the batch, and exponentially weighted
    averages of them are kept: `moving = momentum * moving + (1 - momentum) * batch`. At
    test time, and whenever `trainable` is False, the averages are used instead.

    Outputs, gradients and averages equal `keras.layers.BatchNormalization` within float32
    rounding. (The variance that is averaged is the biased one, as in Keras; PyTorch's own
    layer averages the unbiased one.)

    Args:
        momentum: Weight of the past in the averages, between 0 and 1. PyTorch counts the
            other way round: its 0.1 is 0.9 here.
        epsilon: Added to the variance.
        **kwargs: As in `keras.layers.BatchNormalization`.

    Input and output: `(batch, ..., channels)`.

    Example:
        >>> import numpy as np
        >>> layer = BatchNormalization()
        >>> y = layer(np.random.default_rng(0).normal(3, 2, (64, 8, 8, 5)), training=True)
        >>> bool(abs(keras.ops.mean(y)) < 1e-5)
        True

    Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, Algorithms 1 and 2.
    """

    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(momentum=momentum, epsilon=epsilon, **kwargs)

    def call(self, inputs, training=None, mask=None, bias=None):
        """Normalise `inputs + bias`; `bias`, one number a channel, is never really added.

        The mean of a batch takes it away again, and at test time it is folded into beta,
        which saves a pass over the activations forward and another one backward.
        """
        kernel = self._kernel(inputs, mask)
        if kernel is None:
            inputs = inputs if bias is None else inputs + bias
            return super().call(inputs, training=training, mask=mask)
        moving_mean = ops.convert_to_tensor(self.moving_mean)
        moving_variance = ops.convert_to_tensor(self.moving_variance)
        gamma = ops.convert_to_tensor(self.gamma) if self.scale else ops.ones_like(moving_mean)
        beta = ops.convert_to_tensor(self.beta) if self.center else ops.zeros_like(moving_mean)
        bias = 0.0 if bias is None else ops.cast(bias, beta.dtype)
        if not (training and self.trainable):
            beta = beta + bias * gamma * ops.rsqrt(moving_variance + self.epsilon)
            return kernel.infer(inputs, gamma, beta, moving_mean, moving_variance, self.epsilon)
        beta = beta + 0.0 * bias  # no effect, but a gradient, which is zero
        output, mean, variance = kernel.train(inputs, gamma, beta, self.epsilon)
        keep, add = self.momentum, 1.0 - self.momentum
        self.moving_mean.assign(moving_mean * keep + (mean + bias) * add)
        self.moving_variance.assign(moving_variance * keep + variance * add)
        return output

    def _kernel(self, inputs, mask):
        """The fused kernel for these inputs, or None for Keras's separate operations."""
        images = len(inputs.shape) == 4 and self.axis in (-1, 3)
        plain = mask is None and not self.renorm and not self.synchronized
        # The kernels keep statistics in float32 and take no float64.
        known = keras.backend.standardize_dtype(inputs.dtype) != "float64"
        return FUSED.get(keras.backend.backend()) if images and plain and known else None


class TensorFlowKernel:
    """`FusedBatchNormV3`; it returns the variance with n / (n - 1), which is undone."""

    @staticmethod
    def train(x, gamma, beta, epsilon):
        import tensorflow as tf

        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon
        )
        n = tf.cast(tf.size(x, tf.int64) // tf.shape(x, tf.int64)[-1], variance.dtype)
        return y, mean, variance * ((n - 1.0) / n)

    @staticmethod
    def infer(x, gamma, beta, mean, variance, epsilon):
        import tensorflow as tf

        return tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=gamma,
            offset=beta,
            mean=mean,
            variance=variance,
            epsilon=epsilon,
            is_training=False,
        ).y


class TorchKernel:
    """`torch.batch_norm` on a channels-first view, which costs no copy."""

    @staticmethod
    def train(x, gamma, beta, epsilon):
        import torch

        # With momentum 1 the "running" statistics become those of this batch.
        mean, variance = torch.zeros_like(gamma), torch.zeros_like(gamma)
        y = TorchKernel._run(x, gamma, beta, mean, variance, epsilon, training=True)
        n = x.numel() // x.shape[-1]
        # torch divides by n - 1, which leaves a single pixel without a number.
        biased = variance * ((n - 1) / n) if n > 1 else torch.zeros_like(variance)
        return y, mean, biased

    @staticmethod
    def infer(x, gamma, beta, mean, variance, epsilon):
        return TorchKernel._run(x, gamma, beta, mean, variance, epsilon, training=False)

    @staticmethod
    def _run(x, gamma, beta, mean, variance, epsilon, training):
        import torch

        channels_first = x.permute(0, 3, 1, 2)
        y = torch.batch_norm(
            channels_first, gamma, beta, mean, variance, training, 1.0, epsilon, True
        )
        return y.permute(0, 2, 3, 1)


FUSED = {"tensorflow": TensorFlowKernel, "torch": TorchKernel}
