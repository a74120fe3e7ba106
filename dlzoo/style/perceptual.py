"""What a network that paints is trained on: losses in the features of another network.

Every term is relative, so that weights mean the same for any feature network and layer: 1 is
what a picture without any features would lose.
"""

import keras
from keras import ops

from dlzoo.layers.gram_matrix import gram_matrix
from dlzoo.layers.instance_normalization import instance_moments
from dlzoo.style.networks import feature_network

TINY = 1e-12  # of a layer that never answers


def reader(network, names, mixed_bfloat16=False):
    """A frozen model from pictures to the features of layers of `network`, by name."""
    dtype = "mixed_bfloat16" if mixed_bfloat16 else None
    return feature_network(network, layers=list(dict.fromkeys(names)), dtype=dtype)


class Painter(keras.Model):
    """Trains `painter` on losses in the features of its pictures.

    Its logs are the weighted loss and the terms before weighting, by name.

    Args:
        painter: The model that learns, from what `fit` brings to pictures.
        weights: Name of a term to its weight.
    """

    def __init__(self, painter, weights, **kwargs):
        super().__init__(**kwargs)
        self.painter = painter
        self.loss_weights = dict(weights)
        self.terms = {name: keras.metrics.Mean(name=name) for name in weights}

    def build(self, input_shape):
        pass

    def call(self, x, training=None):
        return self.painter(x, training=training)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True, **kwargs
    ):
        found = self.losses_of(x, y_pred)
        for name, value in found.items():
            self.terms[name].update_state(value)
        return sum(self.loss_weights[name] * value for name, value in found.items())

    def losses_of(self, x, pictures):
        """The terms for a batch, each a scalar: inputs and pictures to a dict by name."""
        raise NotImplementedError


class Copying(Painter):
    """Teaches `painter` to give photographs back, before it learns to paint them.

    That needs no features, so that it is quick, and it saves the thousands of steps in which a
    network that has learnt nothing would cover the whole canvas with the style's texture. Style
    is out of it: an `adain` copies at strength 0.
    """

    def __init__(self, painter, **kwargs):
        super().__init__(painter, {"copy": 1.0}, **kwargs)

    def call(self, x, training=None):
        if isinstance(x, dict):
            x = x | {"strength": ops.zeros_like(x["strength"])}
        return super().call(x, training=training)

    def losses_of(self, x, pictures):
        photos = ops.cast(x["content"] if isinstance(x, dict) else x, "float32")
        return {"copy": _relative(pictures - 127.5, photos - 127.5)}


class OneStyle(Painter):
    """Content of the photographs, one style, smoothness (Johnson et al. 2016, section 3.2).

    Args:
        painter: Photographs to pictures.
        network: A `feature_network`.
        layers: A `dlzoo.style.Layers`: which features are content, which are style.
        style: The picture `(1, height, width, 3)`, raw RGB.
        weights: Of `"content"`, `"style"` and `"variation"`.
    """

    def __init__(self, painter, network, layers, style, weights, **kwargs):
        super().__init__(painter, weights, **kwargs)
        self.network = network
        self.layers_read = layers
        features = network(ops.convert_to_tensor(style, "float32"), training=False)
        grams = {name: gram_matrix(features[name]) for name in layers.style}
        self.grams = {name: ops.convert_to_numpy(gram) for name, gram in grams.items()}

    def losses_of(self, x, pictures):
        found = self.network(pictures, training=False)
        wanted = self.network(x, training=False)
        content = [_relative(found[name], wanted[name]) for name in self.layers_read.content]
        style = [
            _relative(gram_matrix(found[name]), ops.convert_to_tensor(self.grams[name]))
            for name in self.layers_read.style
        ]
        return {
            "content": _mean(content),
            "style": _mean(style),
            "variation": variation(pictures),
        }


class AnyStyle(Painter):
    """The target features and the style's statistics (Huang and Belongie 2017, section 5.2).

    Args:
        painter: An `adain` model.
        network: From a picture to the features of `layers`, the encoder's own last.
        layers: Names of the layers that the style is read from.
        weights: Of `"content"`, `"style"` and `"variation"`.
    """

    def __init__(self, painter, network, layers, weights, **kwargs):
        super().__init__(painter, weights, **kwargs)
        self.network = network
        self.names = tuple(layers)
        self.adain = painter.get_layer("adain")

    def losses_of(self, x, pictures):
        found = self.network(pictures, training=False)
        style = self.network(x["style"], training=False)
        last = self.names[-1]
        content = self.network(x["content"], training=False)[last]
        target = ops.stop_gradient(self.adain([content, style[last], x["strength"]]))
        distances = []
        for name in self.names:
            ours, theirs = instance_moments(found[name]), instance_moments(style[name])
            distances += [
                _relative(mine, yours)
                for mine, yours in zip(_statistics(*ours), _statistics(*theirs), strict=True)
            ]
        return {
            "content": _relative(found[last], target),
            "style": _mean(distances),
            "variation": variation(pictures),
        }


def variation(pictures):
    """Mean squared difference of neighbouring pixels, of the range of 255, a picture."""
    pictures = pictures / 255.0
    down = ops.mean(ops.square(pictures[:, 1:] - pictures[:, :-1]))
    right = ops.mean(ops.square(pictures[:, :, 1:] - pictures[:, :, :-1]))
    return down + right


def _statistics(mean, variance):
    return mean, ops.sqrt(variance + 1e-5)


def _relative(found, wanted):
    """Squared distance, of the squared length of what is wanted."""
    found, wanted = ops.cast(found, "float32"), ops.cast(wanted, "float32")
    size = ops.maximum(ops.mean(ops.square(wanted)), TINY)
    return ops.mean(ops.square(found - wanted)) / size


def _mean(values):
    return sum(values) / len(values)
