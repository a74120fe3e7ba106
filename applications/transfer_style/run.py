"""Photographs painted as other pictures are: the sheets of README.md, and how long they took.

    export DLZOO_TEST_DATA=...                          # the folder that holds style/
    python applications/transfer_style/run.py contact   # 3 contents x 3 styles, 512 pixels
    python applications/transfer_style/run.py compare   # what each choice does, 320 pixels

Needs no network: the features are those that dlzoo brings. Interrupted, the same command
goes on with the picture that it was at.
"""

import argparse
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw

import dlzoo

CONTENTS = ("tubingen", "golden_gate", "hoovertowernight")
STYLES = ("starry_night", "the_scream", "shipwreck")
SHIPPED = {"network": "vgg_small", "weights": "tiny_imagenet"}
TILE = (216, 162)  # of a sheet, in pixels
LINE = 16  # height of a caption, in pixels


@dataclass(frozen=True)
class Choice:
    """One way to paint, and what is written under it."""

    caption: str
    options: dict = field(default_factory=dict)


MOBILENET = {"network": "mobilenet_v2", "weights": "weights/mobilenet_v2_imagenet_keras.h5"}
FIRST_LAYERS = [f"conv{stage}_1" for stage in (1, 2)]

# A row a question; the first of a row is the default.
COMPARED = {
    "whose features": (
        Choice("vgg_small, Tiny ImageNet"),
        Choice("vgg_small, random", {"weights": None}),
        Choice("mobilenet_v2, ImageNet", MOBILENET),
    ),
    "what it is shown": (
        Choice("its own scaling"),
        Choice("BGR minus means", {"shown": dlzoo.weights.CAFFE}),
        Choice("0 to 255", {"shown": dlzoo.weights.Preprocessing(1.0, (0.0,), (1.0,))}),
    ),
    "style against content": (
        Choice("default"),
        Choice("a quarter of the style", {"style_weight": 5.0}),
        Choice("four times the style", {"style_weight": 80.0}),
    ),
    "style layers": (
        Choice("conv1_1 to conv5_1"),
        Choice("conv1_1, conv2_1", {"style_layers": FIRST_LAYERS}),
        Choice("conv5_1 only", {"style_layers": ["conv5_1"]}),
    ),
    "content layer": (
        Choice("conv4_2"),
        Choice("conv2_2", {"content_layers": ["conv2_2"]}),
        Choice("conv5_2", {"content_layers": ["conv5_2"]}),
    ),
    "scales and start": (
        Choice("coarse to fine"),
        Choice("the full size only", {"scales": 1}),
        Choice("from noise", {"init": "noise"}),
    ),
    "smoothness": (
        Choice("default"),
        Choice("no total variation", {"total_variation": 0.0}),
        Choice("a larger brush", {"style_scale": 2.0}),
    ),
    "colours": (
        Choice("the style's"),
        Choice("the content's", {"colours": "content"}),
        Choice("matched", {"colours": "matched"}),
    ),
}


def paint(data, content, style, out, options, size):
    """A picture and the seconds it took; taken from `out` if it was painted before."""
    if out.exists() and not out.with_suffix(".seconds").exists():
        out.unlink()  # interrupted: `stylize` goes on from what it keeps beside it
    if not out.exists():
        started = time.perf_counter()
        dlzoo.stylize(
            data / "style" / f"{content}.jpg",
            data / "style" / f"{style}.jpg",
            out=out,
            size=size,
            **_arguments(SHIPPED | options, data),
        )
        out.with_suffix(".seconds").write_text(f"{time.perf_counter() - started:.1f}")
    with Image.open(out) as image:
        return image.convert("RGB"), float(out.with_suffix(".seconds").read_text())


def _arguments(options, data):
    """`options` as `stylize` takes them: weights found in the data, scaling in the network."""
    if "shown" in options:
        rest = {name: value for name, value in options.items() if name != "weights"}
        return rest | {"network": shown(rest.pop("shown"))}
    weights = options["weights"]
    return options | {"weights": data / weights} if "/" in str(weights) else options


def shown(scaling):
    """The shipped network, shown pictures in another scaling than it learnt on."""
    model = dlzoo.create_model(
        *SHIPPED.values(), classes=0, input_shape=(None, None, 3), include_preprocessing=True
    )

    def layer(old):
        if not isinstance(old, dlzoo.layers.ImagePreprocessing):
            return old.__class__.from_config(old.get_config())
        return dlzoo.layers.ImagePreprocessing(
            scaling.scale, scaling.mean, scaling.std, scaling.channel_order
        )

    changed = keras.models.clone_model(model, clone_function=layer)
    changed.set_weights(model.get_weights())
    return changed


def sheet(rows):
    """Rows of `(picture, caption)` on one page."""
    width, height = TILE[0], TILE[1] + LINE
    page = Image.new("RGB", (width * max(map(len, rows)), height * len(rows)), "white")
    pen = ImageDraw.Draw(page)
    for top, row in enumerate(rows):
        for left, (picture, caption) in enumerate(row):
            picture = picture.copy()
            picture.thumbnail((width - 4, TILE[1] - 4), Image.Resampling.LANCZOS)
            page.paste(picture, (left * width + 2, top * height + 2))
            pen.text((left * width + 4, top * height + TILE[1]), caption, fill="black")
    return page


def contact(data, out):
    """Every content in every style, the originals at the margins."""
    originals = {name: Image.open(data / "style" / f"{name}.jpg") for name in CONTENTS + STYLES}
    blank = Image.new("RGB", TILE, "white")
    rows = [[(blank, ""), *((originals[style].convert("RGB"), style) for style in STYLES)]]
    seconds = []
    for content in CONTENTS:
        row = [(originals[content].convert("RGB"), content)]
        for style in STYLES:
            path = out / "contact" / f"{content}_{style}.png"
            picture, spent = paint(data, content, style, path, {}, 512)
            seconds.append(spent)
            row.append((picture, f"{spent:.0f} s"))
        rows.append(row)
    sheet(rows).save(out / "contact.jpg", quality=80)
    print("| pictures | longer side | median seconds | slowest |")
    print("| ---: | ---: | ---: | ---: |")
    print(f"| {len(seconds)} | 512 | {np.median(seconds):.0f} | {max(seconds):.0f} |")


def compare(data, out):
    """Tübingen as a starry night, one choice changed at a time."""
    rows = []
    print("| question | choice | seconds |\n| --- | --- | ---: |")
    for question, choices in COMPARED.items():
        row = []
        for place, choice in enumerate(choices):
            name = choice.caption if place else "default"
            path = out / "compare" / f"{name.replace(' ', '_').replace(',', '')}.png"
            picture, spent = paint(
                data, *("tubingen", "starry_night"), path, choice.options, 320
            )
            row.append((picture, f"{question}: {choice.caption}"))
            print(f"| {question} | {choice.caption} | {spent:.0f} |", flush=True)
        rows.append(row)
    sheet(rows).save(out / "compare.jpg", quality=80)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheets", nargs="*", choices=["contact", "compare", []])
    parser.add_argument("--data", type=Path, default=os.environ.get("DLZOO_TEST_DATA"))
    parser.add_argument("--out", type=Path, default=Path("runs/transfer_style"))
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("set DLZOO_TEST_DATA, or pass --data, to the folder that holds style/")
    for name in arguments.sheets or ("contact", "compare"):
        (arguments.out / name).mkdir(parents=True, exist_ok=True)
        {"contact": contact, "compare": compare}[name](Path(arguments.data), arguments.out)


if __name__ == "__main__":
    main()
