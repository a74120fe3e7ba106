"""`dlzoo.stylize`: a picture of what one image shows, painted as others are."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.style import networks
from dlzoo.style.job import Job
from dlzoo.style.objective import Terms
from dlzoo.style.pictures import check_writable, read_picture
from dlzoo.style.running import Run, Step
from dlzoo.style.settings import INITS, WHO, Settings, layer_shares, shares
from dlzoo.training import seeded

LayersOrWeights = str | Sequence[str] | Mapping[str, float] | None


def stylize(
    content: Any,
    style: Any,
    *,
    out: str | os.PathLike | None = None,
    network: str | keras.Model = "auto",
    weights: Any = "auto",
    size: int | None = 512,
    style_scale: float = 1.0,
    style_blend: Sequence[float] | None = None,
    content_weight: float | None = None,
    style_weight: float | None = None,
    total_variation: float | None = None,
    origin: Literal["balanced", "paper", "course", "torch"] = "balanced",
    content_layers: LayersOrWeights = None,
    style_layers: LayersOrWeights = None,
    pooling: Literal["max", "avg"] = "max",
    init: Any = "content",
    noise: float = 0.25,
    optimizer: Literal["adam", "lbfgs"] = "adam",
    learning_rate: float | None = None,
    steps: int | Sequence[int] | None = None,
    scales: int | Literal["auto"] = "auto",
    colours: Literal["style", "content", "matched"] = "style",
    mixed_bfloat16: bool = False,
    seed: int = 0,
    callback: Callable[[Step], Any] | None = None,
    every: int = 10,
    keep: bool = False,
    fresh: bool = False,
) -> np.ndarray:
    """Paint what one picture shows in the manner of others (Gatys et al. 2015).

    The picture itself is optimised: until a network's features of it are the content's, and
    their correlations (Gram matrices) the style's. Coarse to fine: first small, where a step
    costs little and brush strokes are large, then each time twice as large.

    Interrupted (Ctrl-C, kill -9), the same call with the same `out` goes on where it was,
    losing at most 50 steps, and gives the same picture as an undisturbed run.

    Args:
        content: What to paint: a path, a `PIL.Image.Image`, or a `uint8` array.
        style: How: a picture, or a list of pictures.
        out: File of the result (`.png`, `.jpg`, `.webp`, `.bmp`), written about every 50
            steps; also after Ctrl-C it holds the latest picture.
        network: Whose features; `"auto"` is VGG-19 where its weights are there or can be
            fetched, else the small network that dlzoo brings. A name of the zoo, or a
            functional Keras model that takes RGB of 0 to 255.
        weights: Of a network of the zoo; see its builder.
        size: Longer side of the result in pixels; None for the content's own.
        style_scale: Longer side of the style pictures, as a multiple of the result's: larger
            means larger brush strokes.
        style_blend: What each of several styles counts; equal by default.
        content_weight, style_weight, total_variation: What each part of the loss counts. More
            style: more paint, fewer things; more total variation: smoother.
        origin: In which units the losses are measured, and the weights that are the default:
            `"balanced"`: each layer's loss relative to that of no features at all, so that
            weights mean the same for all networks and sizes; `"paper"`, `"course"`,
            `"torch"`: as in `dlzoo.losses`.
        content_layers, style_layers: Names, or a dict of names to weights; Gatys' names
            (`"conv4_2"`) are understood for VGG. By default Gatys' for VGG, and else the ends
            of the stages.
        pooling: `"avg"` for average in place of max pooling.
        init: Where to begin: `"content"`, `"content+noise"`, `"noise"`, or a picture.
        noise: Of `"content+noise"`, a fraction of the whole range.
        optimizer: `"adam"` or `"lbfgs"`: fewer steps, each with much arithmetic of its own.
        learning_rate: Of Adam at the start of each scale, in grey levels; it falls along half
            a cosine. None: 10.
        steps: At the full size; each coarser scale takes half as many again. Or a number for
            each scale, coarse to fine.
        scales: How many; `"auto"`: down to about 128 pixels. 1: the full size only.
        colours: `"style"`; `"content"`: only brightness is painted, the content's colours
            stay; `"matched"`: the style's are moved to the content's mean and covariance
            first (Gatys et al. 2016).
        mixed_bfloat16: Compute the features in bfloat16: less memory, and about twice as fast
            where the processor has it.
        seed: Of the noise (and of random weights).
        callback: Called with a `Step` (number, loss and its parts, picture).
        every: Steps between two calls.
        keep: Write the pictures of these steps beside `out`: `<name>-0010.png`.
        fresh: Forget an interrupted run.

    Returns:
        The picture, `uint8` `(height, width, 3)`.

    Raises:
        ValueError: An argument is not allowed, or the size needs more memory than there is
            (main memory; said before the work begins). `dlzoo.errors.DataError`: a picture
            cannot be read. `dlzoo.errors.WeightsError`: the weights cannot be had.

    Example:
        >>> photo, painting = np.random.default_rng(0).integers(0, 255, (2, 40, 48, 3), "uint8")
        >>> stylize(photo, painting, network="resnet18", weights=None, size=48, steps=2).shape
        (40, 48, 3)
    """
    settings = Settings(
        size=size,
        style_scale=style_scale,
        style_blend=style_blend,
        content_weight=content_weight,
        style_weight=style_weight,
        total_variation=total_variation,
        origin=origin,
        content_layers=content_layers,
        style_layers=style_layers,
        pooling=pooling,
        init=init,
        noise=noise,
        optimizer=optimizer,
        learning_rate=learning_rate,
        steps=steps,
        scales=scales,
        colours=colours,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
    )
    check_positive_int(WHO, "every", every)
    check_choice(WHO, "keep (with out)", bool(keep), (False,) if out is None else (False, True))
    path = None if out is None else check_writable(out)
    photo = read_picture(content, "the content")
    paintings = style if isinstance(style, (list, tuple)) else [style]
    if not paintings:
        raise ValueError(f"{WHO}: style must be a picture or a list of them; got {style!r}.")
    styles = [read_picture(each, f"style {n}") for n, each in enumerate(paintings, 1)]
    given = isinstance(init, str) and init in INITS
    first = None if given else read_picture(init, "init")
    with seeded(seed):
        features, terms = _features(network, weights, settings, len(styles))
    job = Job(features, terms, settings, photo, styles, first)
    return Run(job, path, callback, every, keep).run(fresh=fresh)


def _features(network, weights, settings, styles):
    """The network cut to what is looked at, and the terms of the objective."""
    whole = networks.open_network(network, weights)
    default = networks.default_layers(whole)

    def resolve(names):
        return networks.layer_names(whole, names)

    terms = Terms(
        layer_shares("content_layers", settings.content_layers, default.content, resolve),
        layer_shares("style_layers", settings.style_layers, default.style, resolve),
        tuple(shares("style_blend", settings.style_blend, range(styles)).values()),
        settings.weight("content_weight"),
        settings.weight("style_weight"),
        settings.weight("total_variation"),
        settings.origin,
    )
    cut = networks.cut_network(
        whole,
        terms.layers,
        settings.pooling,
        "mixed_bfloat16" if settings.mixed_bfloat16 else None,
        copy=whole is network,
    )
    return cut, terms
