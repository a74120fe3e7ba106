"""The network whose features tell what a picture shows and how it is painted.

Any classification network of the zoo will do, and any functional Keras model: it is cut off
behind the deepest layer that is asked for, frozen, and takes raw RGB of 0 to 255.
"""

import logging
import re
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers as keras_layers

from dlzoo._checks import check_choice
from dlzoo.errors import DownloadError
from dlzoo.layers import ImagePreprocessing
from dlzoo.models import Network, create_model, features
from dlzoo.training import set_policy
from dlzoo.weights import cached, card, fetch

AUTO = "auto"
DEFAULT = "vgg19"  # what Gatys et al. took
SHIPPED = ("vgg_small", "tiny_imagenet")  # inside the package: needs no network
PATIENCE = 10.0  # seconds without an answer after which there is no way out to the world

# The same weights in several files, the smallest first: the head is not needed.
_FILES = ("imagenet_notop", "imagenet")

# Gatys' names of VGG's layers, and keras.applications', to ours.
_ALIASES = (
    (re.compile(r"(?:conv|relu)(\d)_(\d)"), r"stage\1_conv\2"),
    (re.compile(r"block(\d)_conv(\d)"), r"stage\1_conv\2"),
)

_log = logging.getLogger("dlzoo")


@dataclass(frozen=True)
class Layers:
    """Names of the layers that a picture's content and its style are read from."""

    content: tuple[str, ...]
    style: tuple[str, ...]


# Gatys et al. 2015, section "Methods"; where a network has no such layers: the ends of its
# stages, and of these the one in the middle.
_VGG = Layers(("stage4_conv2",), tuple(f"stage{stage}_conv1" for stage in range(1, 6)))


def feature_network(
    network: str | keras.Model = AUTO,
    weights: Any = AUTO,
    layers: Any = None,
    *,
    pooling: str = "max",
    origin: str | None = None,
    dtype: str | None = None,
) -> keras.Model:
    """A frozen network from pictures to the feature maps of some of its layers.

    Args:
        network: A name from `dlzoo.list_models`, or a functional Keras model that takes raw
            RGB of 0 to 255 (a copy is used). `"auto"` is VGG-19 where its weights are in the
            cache or can be downloaded, and else the small network that dlzoo brings; a line
            in the log says so.
        weights: As in the builder; `"auto"` for the first on the card, None for random ones.
        layers: Names of layers or stages; for VGG also Gatys' (`"conv4_2"`) and
            keras.applications' (`"block4_conv2"`). None means those of `default_layers`.
        pooling: `"max"` as the network was trained, or `"avg"` in its place, from which
            Gatys et al. report slightly more appealing results.
        origin: As in the builder.
        dtype: Policy to compute in, e.g. `"mixed_bfloat16"`; preprocessing stays float32.

    Returns:
        A `keras.Model` from `(batch, height, width, 3)`, sides of any size, to a dict of
        feature maps by the layers' names in the network.

    Raises:
        ValueError: There is no such network or layer, or the model takes no RGB images;
            `dlzoo.errors.WeightsError` where the weights cannot be had or do not fit.

    Example:
        >>> network = feature_network("vgg16", weights=None, layers=["conv1_1", "conv2_2"])
        >>> network.output["stage2_conv2"].shape
        (None, None, None, 128)
    """
    check_choice("feature_network", "pooling", pooling, ("max", "avg"))
    whole = open_network(network, weights, origin)
    if layers is None:
        default = default_layers(whole)
        layers = (*default.content, *default.style)
    return cut_network(whole, layers, pooling, dtype, copy=whole is network)


def cut_network(
    whole: keras.Model, layers: Any, pooling: str, dtype: str | None, *, copy: bool
) -> keras.Model:
    """The part of a network that `layers` need, frozen; with `copy` its own weights."""
    cut = features(whole, list(dict.fromkeys(layer_names(whole, layers))))
    if copy or pooling == "avg":
        cut = _copy(cut, pooling)
    cut = Network(cut.inputs[0], cut.output, name=f"{whole.name}_features")
    cut.trainable = False
    if dtype is not None:
        kept = [layer for layer in cut.layers if isinstance(layer, ImagePreprocessing)]
        set_policy(cut, dtype, keep=kept)
    return cut


def open_network(
    network: str | keras.Model, weights: Any = AUTO, origin: str | None = None
) -> keras.Model:
    """The whole network behind `feature_network`: raw RGB to the last feature map."""
    if isinstance(network, keras.Model):
        shapes = [tuple(image.shape[1:]) for image in getattr(network, "inputs", None) or ()]
        if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] != 3:
            raise ValueError(
                f"feature_network: network must be a functional Keras model of one RGB image "
                f"(batch, height, width, 3), because pictures are shown to it; "
                f"{network.name!r} takes {shapes or 'nothing that is known'}."
            )
        return network
    if network == AUTO and weights == AUTO:
        name, weights = _best_there_is()
        return _build(name, weights, origin)
    name = DEFAULT if network == AUTO else network
    return _build(name, _usual_weights(name) if weights == AUTO else weights, origin)


def default_layers(network: keras.Model) -> Layers:
    """The layers of content and style that are taken where none are named.

    Example:
        >>> import dlzoo
        >>> default_layers(dlzoo.models.resnet18(classes=0)).content
        ('stage3',)
    """
    names = {layer.name for layer in network.layers}
    if names.issuperset(_VGG.content + _VGG.style):
        return _VGG
    stages = tuple(features(network).output)
    return Layers((stages[len(stages) // 2],), stages)


def layer_names(network: keras.Model, names: Any) -> list[str]:
    """`names` of layers as the network itself calls them."""
    there = {layer.name for layer in network.layers}
    found = []
    for name in [names] if isinstance(names, str) else names:
        candidates = (p.sub(to, name) for p, to in _ALIASES if p.fullmatch(name))
        alias = next((candidate for candidate in candidates if candidate in there), name)
        found.append(name if name in there else alias)
    return found


def _build(name, weights, origin):
    return create_model(
        name,
        weights,
        classes=0,
        input_shape=(None, None, 3),
        include_preprocessing=True,
        origin=origin,
    )


def _usual_weights(name):
    """The weights of a network of the zoo that are there already, or else those to fetch."""
    facts = card(name)
    names = [weights for weights in _FILES if weights in facts.weights_names]
    names = names or list(facts.weights_names)
    there = (n for n in names if cached(facts.find(n)) is not None)
    return next(there, names[0] if names else None)


def _best_there_is():
    """Name and weights of the network that `"auto"` means here and now."""
    weights = _usual_weights(DEFAULT)
    try:
        fetch(card(DEFAULT).find(weights), timeout=PATIENCE)
    except DownloadError as error:
        _log.warning(
            "The weights of %s are not here and cannot be fetched; using the smaller %s that "
            "comes with dlzoo. (%s)",
            DEFAULT,
            SHIPPED[0],
            error,
        )
        return SHIPPED
    return DEFAULT, weights


def _copy(network, pooling):
    """A copy for images of any size, with the pooling that was asked for."""

    def twin(layer):
        config = layer.get_config()
        if pooling == "avg" and type(layer) is keras_layers.MaxPooling2D:
            return keras_layers.AveragePooling2D.from_config(config)
        return type(layer).from_config(config)

    image = keras.tree.map_structure(
        lambda tensor: keras.Input((None, None, 3), name="image"), network.input
    )
    copy = keras.models.clone_model(network, input_tensors=image, clone_function=twin)
    copy.set_weights(network.get_weights())
    return copy
