"""`dlzoo stylize`: a photograph, painted as other pictures are."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from dlzoo.cli.fast import Fast, FastStyle, Strength, paint
from dlzoo.cli.options import NETWORK, WEIGHTS, layers_option, several_option

_STYLES = "Pictures whose manner is taken; several are mixed."
_OUT = "File of the result: `.png`, `.jpg`, `.webp` or `.bmp`. Default: `stylized.png`."
_STYLE_SCALE = "Size of the style pictures against the result: larger, broader brush strokes."
_BLEND = "What each style counts, e.g. `3,1`."
_WEIGHT = "What it counts against the others."
_VARIATION = "What total variation counts: more is smoother."
_ORIGIN = "Units of the losses: `balanced`, `paper`, `course` or `torch`."
_LAYERS = "`conv4_2`, several with commas, with weights `conv1_1=1,conv2_1=0.5`."
_STEPS = "At full size, or one for each scale, coarse to fine: `200,100,50`."
_SCALES = "From coarse to fine; `auto`: down to about 128 pixels."
_COLOURS = "`style`; `content`: keep the photograph's; `matched`: move the style's to them."
_INIT = "Where to begin: `content`, `content+noise`, `noise` or a picture."
_KEEP = "Write the picture after every so many steps, too: OUT-0010.png."


def stylize(
    content: Annotated[Path, Argument(help="The photograph.")],
    styles: Annotated[list[Path] | None, Argument(help=_STYLES)] = None,
    out: Annotated[Path | None, Option("--out", "-o", help=_OUT)] = None,
    fast: Fast = None,
    style: FastStyle = None,
    strength: Strength = 1.0,
    size: Annotated[int, Option(help="Longer side in pixels; 0: the content's own.")] = 512,
    style_scale: Annotated[float, Option(help=_STYLE_SCALE)] = 1.0,
    style_blend: Annotated[str | None, Option(help=_BLEND)] = None,
    content_weight: Annotated[float | None, Option(help=_WEIGHT)] = None,
    style_weight: Annotated[float | None, Option(help=_WEIGHT)] = None,
    total_variation: Annotated[float | None, Option(help=_VARIATION)] = None,
    origin: Annotated[str, Option(help=_ORIGIN)] = "balanced",
    content_layers: Annotated[str | None, Option(help=_LAYERS)] = None,
    style_layers: Annotated[str | None, Option(help=_LAYERS)] = None,
    pooling: Annotated[str, Option(help="`max` or `avg`.")] = "max",
    init: Annotated[str, Option(help=_INIT)] = "content",
    noise: Annotated[float, Option(help="Of `content+noise`, 0 to 1.")] = 0.25,
    optimizer: Annotated[str, Option(help="`adam` or `lbfgs`.")] = "adam",
    learning_rate: Annotated[float | None, Option(help="Of Adam, in grey levels.")] = None,
    steps: Annotated[str | None, Option(help=_STEPS)] = None,
    scales: Annotated[str, Option(help=_SCALES)] = "auto",
    colours: Annotated[str, Option("--colours", "--colors", help=_COLOURS)] = "style",
    network: Annotated[str, Option(help=NETWORK)] = "auto",
    weights: Annotated[str, Option(help=WEIGHTS)] = "auto",
    mixed_bfloat16: Annotated[bool, Option("--mixed-bfloat16", help="Half the bits.")] = False,
    seed: Annotated[int, Option(help="Same seed, same picture.")] = 0,
    keep_every: Annotated[int | None, Option(help=_KEEP)] = None,
    fresh: Annotated[bool, Option("--fresh", help="Forget an earlier run.")] = False,
) -> None:
    """Paint a photograph in the manner of other pictures. Interrupted, it continues."""
    if fast is not None:
        return paint(fast, [content, *(styles or ())], out, style, strength, size or None)
    if not styles or style is not None or strength != 1:
        raise typer.BadParameter("name CONTENT and STYLES; --style and --strength need --fast.")
    out = out or Path("stylized.png")
    iterations = several_option(steps, int)
    chosen: dict[str, Any] = {
        "style_blend": several_option(style_blend, float),
        "content_layers": layers_option(content_layers),
        "style_layers": layers_option(style_layers),
        "steps": iterations[0] if iterations and len(iterations) == 1 else iterations,
        "scales": int(scales) if scales.isdecimal() else scales,
    }
    import dlzoo

    dlzoo.stylize(
        content,
        styles,
        out=out,
        size=size or None,
        style_scale=style_scale,
        content_weight=content_weight,
        style_weight=style_weight,
        total_variation=total_variation,
        origin=origin,  # type: ignore[arg-type]
        pooling=pooling,  # type: ignore[arg-type]
        init=init,
        noise=noise,
        optimizer=optimizer,  # type: ignore[arg-type]
        learning_rate=learning_rate,
        colours=colours,  # type: ignore[arg-type]
        network=network,
        weights=None if weights.lower() == "none" else weights,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        every=keep_every or 10,
        keep=keep_every is not None,
        fresh=fresh,
        **chosen,
    )
    typer.echo(str(out))
