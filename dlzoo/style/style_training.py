"""`train_style`: a network that paints in one style, in a single pass."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.models import transformer_net
from dlzoo.style.crops import Crops, find_pictures, open_photographs
from dlzoo.style.fast_run import FastRun, FastTrained
from dlzoo.style.fast_settings import FastSettings
from dlzoo.style.networks import Layers, default_layers, layer_names, open_network
from dlzoo.style.perceptual import OneStyle, reader
from dlzoo.style.pictures import fitted, resized
from dlzoo.training import seeded, weights_digest


def train_style(
    style: Any,
    photos: Any,
    *,
    out: str | os.PathLike,
    network: str | keras.Model = "auto",
    weights: Any = "auto",
    content_layers: Sequence[str] | None = None,
    style_layers: Sequence[str] | None = None,
    steps: int = 2000,
    copy_steps: int = 200,
    size: int = 256,
    style_size: int | None = None,
    batch_size: int = 4,
    content_weight: float = 1.0,
    style_weight: float = 10.0,
    variation_weight: float = 1.0,
    learning_rate: float = 1e-3,
    width: int = 32,
    blocks: int = 5,
    checkpoint_steps: int = 100,
    mixed_bfloat16: bool = False,
    seed: int = 0,
    fresh: bool = False,
) -> FastTrained:
    """Train a `transformer_net` to paint any photograph in one style.

    The network sees random crops of photographs. Its pictures should show what the crops show
    (features of a frozen network, compared by place) as the style is painted (Gram matrices),
    without noise (Johnson et al. 2016). No labels are needed, and a hundred photographs do.

    Each term of the loss is relative: 1 is what a picture without any features would lose. So
    the weights mean the same for every network and layer.

    Interrupted (Ctrl-C, kill -9), the same call goes on where it was, losing at most
    `checkpoint_steps`; ended, it returns the stored result.

    Args:
        style: The picture: a path or a `uint8` array.
        photos: A folder (with all below it), a pattern, or a list of paths.
        out: Folder for `model.keras`, `report.json` and `samples/`, pictures of how far it is;
            it must be new, empty, or of this same run.
        network, weights: As in `feature_network`: what the losses look through.
        content_layers, style_layers: Names of its layers; None for those of `default_layers`.
        steps: Batches in all, rounded up to whole checkpoints.
        copy_steps: Batches before, from which the network learns to copy photographs.
        size: Side of a crop, in pixels.
        style_size: Longer side that the style is shown in: large brush strokes in a large one.
            None means 1.5 times `size`.
        batch_size: Crops a step.
        content_weight, style_weight: Of the terms of the loss.
        variation_weight: Of the squared differences of neighbouring pixels, which are noise.
        learning_rate: The highest, of Adam; it falls along half a cosine.
        width, blocks: As in `dlzoo.models.transformer_net`.
        checkpoint_steps: So often the state is kept and a sample is painted.
        mixed_bfloat16: Compute in bfloat16; weights, statistics and losses stay float32.
        seed: The same seed gives the same result on one backend and machine.
        fresh: Forget an earlier run in `out`.

    Returns:
        A `FastTrained`: the model, the report, the folder.

    Raises:
        ValueError: An argument is not allowed. `dlzoo.errors.DataError`: the pictures or `out`
            cannot be used. `dlzoo.errors.DivergenceError`: the loss became NaN.
    """
    who = "train_style"
    settings = FastSettings(
        who, steps, copy_steps, size, batch_size, content_weight, style_weight,
        variation_weight, learning_rate, checkpoint_steps, seed, mixed_bfloat16,
    )  # fmt: skip
    picture = _style_picture(who, style, style_size or round(1.5 * size))
    photographs = open_photographs(who, photos)
    whole = open_network(network, weights)
    layers = Layers(
        tuple(layer_names(whole, content_layers or default_layers(whole).content)),
        tuple(layer_names(whole, style_layers or default_layers(whole).style)),
    )
    looks = reader(whole, (*layers.content, *layers.style), mixed_bfloat16)
    with seeded(seed):
        painter = transformer_net(width=width, blocks=blocks)
    config = {
        "network": weights_digest(looks),
        "style": hashlib.sha256(picture.tobytes()).hexdigest()[:16],
        "photographs": photographs.fingerprint,
        "layers": [list(layers.content), list(layers.style)],
        "painter": {"width": width, "blocks": blocks},
    }
    model = OneStyle(painter, looks, layers, picture, settings.weights)

    def crops(steps, stage):
        return Crops(photographs.paths, size, batch_size, steps, (seed, stage))

    run = FastRun(settings, model, crops, photographs.left_out, config, out)
    return run.result(fresh=fresh)


def _style_picture(who, style, size):
    """Raw RGB `(1, height, width, 3)`, float32, its longer side `size`."""
    if isinstance(style, (str, os.PathLike)) and Path(style).expanduser().is_dir():
        found = find_pictures(who, style)
        if len(found) > 1:
            raise DataError(
                f"{who}: style must be one picture, because the network learns one; "
                f"{style} holds {len(found)}. Name one of them, or train any style (--any)."
            )
        style = found[0]
    picture = read_image(style)[None].astype("float32")
    return resized(picture, fitted(picture.shape, size))
