"""Published weights: cards, downloads, file formats. Imports neither Keras nor a backend."""

from dlzoo.weights.catalogue import card, list_models
from dlzoo.weights.download import cached, fetch
from dlzoo.weights.facts import (
    CAFFE,
    IMAGENET,
    INCEPTION,
    Card,
    Preprocessing,
    Weights,
)
from dlzoo.weights.formats import TensorFile, read_tensors
from dlzoo.weights.hub import fetch_hub
from dlzoo.weights.labels import labels

__all__ = [
    "CAFFE",
    "IMAGENET",
    "INCEPTION",
    "Card",
    "Preprocessing",
    "TensorFile",
    "Weights",
    "cached",
    "card",
    "fetch",
    "fetch_hub",
    "labels",
    "list_models",
    "read_tensors",
]
