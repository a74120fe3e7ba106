"""Fully connected networks: logistic regression, the shallow network, the deep one.

Sources: Rumelhart, Hinton and Williams 1986, https://doi.org/10.1038/323533a0; the published
one that the defaults build is the 28x28-300-10 of LeCun et al. 1998, section III.C.3 (with
today's rectifier). First values: Glorot and Bengio 2010
(https://proceedings.mlr.press/v9/glorot10a.html), He et al. 2015
(https://arxiv.org/abs/1502.01852).

Example:
    >>> logistic = mlp(classes=1, input_shape=(64, 64, 3), depth=0,
    ...                classifier_activation="sigmoid")
    >>> logistic.count_params()
    12289
    >>> deep = mlp(classes=10, input_shape=(8, 8, 1), depth=3, width=(32, 16, 16))
    >>> [layer.units for layer in deep.layers if layer.name.startswith("hidden")]
    [32, 16, 16]
"""

import keras
from keras import initializers, layers

from dlzoo._checks import check_between, check_choice, check_positive_int
from dlzoo.layers import InvertedDropout
from dlzoo.models.classifier import Conventions, Design, build, head_dtype
from dlzoo.models.loading import register
from dlzoo.weights.porting import Top

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu")

# The course's names to Keras's.
INITIALIZERS = {
    "zeros": initializers.Zeros,  # every unit of a layer stays like every other
    "small": lambda: initializers.RandomNormal(stddev=0.01),
    "xavier": initializers.GlorotNormal,  # variance 2 / (inputs + outputs); for tanh
    "he": initializers.HeNormal,  # variance 2 / inputs; for rectifiers
}


class Wiring:
    """Wires one network of the given widths."""

    def __init__(self, widths, activation, initializer, keep_prob):
        self.widths = tuple(widths)
        self.activation = activation
        self.initializer = initializer
        self.keep_prob = keep_prob

    @property
    def layers(self):
        """Names of the layers with weights."""
        return [*(f"hidden{n}" for n in range(1, len(self.widths) + 1)), "head"]

    def body(self, inputs, conventions):
        """Any input as a vector, then the hidden layers."""
        x = layers.Flatten(name="flatten")(inputs)
        for name, width in zip(self.layers, self.widths, strict=False):
            x = layers.Dense(width, self.activation, name=name, **self._first())(x)
            if self.keep_prob < 1:
                x = InvertedDropout(self.keep_prob, name=f"{name}_dropout")(x)
        return x

    def head(self, x, classes, activation, conventions):
        """Scores, from the same first values."""
        return layers.Dense(
            classes, activation, dtype=head_dtype(), name="head", **self._first()
        )(x)

    def _first(self):
        return {"kernel_initializer": INITIALIZERS[self.initializer]()}


def check_shape(who, input_shape, facts):
    """Whole numbers, however many: every one has a weight of its own."""
    if not isinstance(input_shape, (tuple, list)) or not input_shape:
        raise ValueError(
            f"{who}: input_shape must be the shape of one input, e.g. (28, 28, 1) or (784,); "
            f"got {input_shape!r}."
        )
    for side in input_shape:
        check_positive_int(who, "each number of input_shape", side)


def _design(widths, activation, initializer, keep_prob):
    wiring = Wiring(widths, activation, initializer, keep_prob)
    return Design(
        name="mlp",
        body=wiring.body,
        origins={"course": Conventions()},
        options={
            "widths": list(widths),
            "activation": activation,
            "initializer": initializer,
            "keep_prob": keep_prob,
        },
        to_vector=lambda x, conventions: x,
        head=wiring.head,
        top=Top(),
        layers=(wiring.layers,),
        check_shape=check_shape,
    )


register("mlp", _design)


def mlp(
    weights=None,
    classes=10,
    input_shape=(28, 28, 1),
    *,
    depth=1,
    width=300,
    activation="relu",
    initializer="he",
    keep_prob=1.0,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """Fully connected layers on any input; 238,510 parameters as it comes.

    Args:
        input_shape: Of one input, of any rank; images are flattened.
        depth: Number of hidden layers: 0 is logistic regression (softmax regression where
            there are several classes), 1 the shallow network, more a deep one.
        width: Units of every hidden layer, or a number for each.
        activation: Of the hidden layers: `"sigmoid"`, `"tanh"`, `"relu"` or `"leaky_relu"`.
        initializer: Of all kernels: `"zeros"`, `"small"` (normal, 0.01), `"xavier"` (Keras:
            `glorot_normal`) or `"he"` (`he_normal`). Biases begin with zeros.
        keep_prob: Inverted dropout after each hidden layer; 1 for none.

    The other arguments and the result are as in `dlzoo.models.build`; `pooling` does not
    apply, because there is no feature map. For L2 or L1 penalties on the kernels see
    `dlzoo.training.decay_kernels`.

    Raises:
        ValueError: An argument is not allowed.
    """
    check_positive_int("mlp", "depth", depth, minimum=0)
    check_choice("mlp", "activation", activation, ACTIVATIONS)
    check_choice("mlp", "initializer", initializer, tuple(INITIALIZERS))
    check_between("mlp", "keep_prob", keep_prob, 1e-7, 1)
    if pooling is not None:
        raise ValueError(
            f"mlp: pooling must be None, because there is no feature map; got {pooling!r}."
        )
    return build(
        _design(_widths(depth, width), activation, initializer, float(keep_prob)),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )


def _widths(depth, width):
    """A width for each hidden layer."""
    widths = list(width) if isinstance(width, (tuple, list)) else [width] * depth
    if len(widths) != depth:
        raise ValueError(
            f"mlp: width must be a number or one for each of the {depth} hidden layers; got "
            f"{width!r}."
        )
    for number in widths:
        check_positive_int("mlp", "width", number)
    return widths
