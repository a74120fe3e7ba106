"""Heads beyond the plain fully connected layer."""

from dlzoo.layers import InvertedDropout
from dlzoo.models.classifier import head


def dropout_head(rate):
    """The usual head after dropout; `rate` is the share of features silenced in training."""

    def build_head(x, classes, activation, conventions):
        x = InvertedDropout(1 - rate, name="dropout")(x)
        return head(x, classes, activation, conventions)

    return build_head
