"""`train_adain`: a network that paints in any style, in a single pass."""

import os
from collections.abc import Sequence
from typing import Any

import keras

from dlzoo.models import Network, adain, features
from dlzoo.style.crops import Crops, open_photographs
from dlzoo.style.fast_run import FastRun, FastTrained
from dlzoo.style.fast_settings import FastSettings
from dlzoo.style.networks import default_layers, layer_names, open_network
from dlzoo.style.perceptual import AnyStyle, reader
from dlzoo.training import seeded, weights_digest


def train_adain(
    styles: Any,
    photos: Any,
    *,
    out: str | os.PathLike,
    network: str | keras.Model = "auto",
    weights: Any = "auto",
    style_layers: Sequence[str] | None = None,
    steps: int = 2000,
    copy_steps: int = 200,
    size: int = 256,
    batch_size: int = 4,
    content_weight: float = 1.0,
    style_weight: float = 1.0,
    variation_weight: float = 0.1,
    learning_rate: float = 1e-3,
    checkpoint_steps: int = 100,
    mixed_bfloat16: bool = False,
    seed: int = 0,
    fresh: bool = False,
) -> FastTrained:
    """Train an `adain`, which paints in the style of any picture that it is shown.

    Its decoder learns to invert the encoder's features after they got the statistics of a
    style: the features of its picture should be these (content), and their means and standard
    deviations those of the style (Huang and Belongie 2017, equations 11 to 13). The more and
    the more different styles it sees, the better it paints new ones.

    Args:
        styles: Pictures to learn from: a folder, a pattern, or a list of paths.
        photos, out: As in `train_style`.
        network, weights: As in `feature_network`: the encoder, which the losses look through,
            too.
        style_layers: Names of its layers, in order; features are exchanged in the last. None
            means those of `default_layers` that are not deeper than the content's.
        steps, copy_steps, size, batch_size, learning_rate, checkpoint_steps, mixed_bfloat16,
        seed, fresh: As in `train_style`.
        content_weight, style_weight, variation_weight: As in `train_style`.

    Returns:
        A `FastTrained`: the model, the report, the folder.

    Raises:
        ValueError: As in `train_style`.
    """
    who = "train_adain"
    settings = FastSettings(
        who, steps, copy_steps, size, batch_size, content_weight, style_weight,
        variation_weight, learning_rate, checkpoint_steps, seed, mixed_bfloat16,
    )  # fmt: skip
    pictures = open_photographs(who, styles)
    photographs = open_photographs(who, photos)
    whole = open_network(network, weights)
    names = layer_names(whole, style_layers or _not_deeper(whole))
    looks = reader(whole, names, mixed_bfloat16)
    encoder = Network(looks.inputs, looks.output[names[-1]])
    with seeded(seed):
        painter = adain(encoder=encoder)
    config = {
        "encoder": weights_digest(encoder),
        "styles": pictures.fingerprint,
        "photographs": photographs.fingerprint,
        "layers": names,
    }
    model = AnyStyle(painter, looks, names, settings.weights)

    def crops(steps, stage):
        key = seed, stage
        return Crops(photographs.paths, size, batch_size, steps, key, pictures.paths)

    left_out = (*photographs.left_out, *pictures.left_out)
    return FastRun(settings, model, crops, left_out, config, out).result(fresh=fresh)


def _not_deeper(whole):
    """The usual style layers up to the depth of the content's."""
    default = default_layers(whole)
    ends = features(whole, [*default.style, default.content[-1]]).output
    outputs = [id(layer.output) for layer in whole.layers]
    places = {name: outputs.index(id(tensor)) for name, tensor in ends.items()}
    return [name for name in default.style if places[name] <= places[default.content[-1]]]
