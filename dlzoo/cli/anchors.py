"""`dlzoo anchors`: the widths and heights that fit the boxes of a data set best."""

from typing import Annotated

import typer
from typer import Argument, Option

from dlzoo.cli.options import numbers_option
from dlzoo.cli.output import print_json


def anchors(
    data: Annotated[
        str, Argument(help="Images with boxes: VOC, COCO, YOLO, CSV, `tfds:NAME`.")
    ],
    count: Annotated[int, Option(help="How many.")] = 9,
    image_size: Annotated[
        str | None, Option(help="Side in pixels, or `HEIGHT,WIDTH`, images are fitted into.")
    ] = "416",
    seed: Annotated[int, Option(help="Same seed, same result.")] = 0,
    on_bad_box: Annotated[str, Option(help="`error`, `drop` or `clip`.")] = "error",
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find anchors for YOLO by k-means on the training boxes, in pixels."""
    from dlzoo._checks import check_pair
    from dlzoo.data import open_boxes
    from dlzoo.detection.anchor_clusters import anchors as cluster
    from dlzoo.detection.auto_anchors import box_sizes

    side = numbers_option(image_size, int)
    size = None if side is None else check_pair("anchors", "image_size", side)
    dataset = open_boxes(data, on_bad_box=on_bad_box, seed=seed)
    found = cluster(box_sizes(dataset.splits["train"], size), count, seed=seed)
    if json:
        print_json(found.to_dict())
    else:
        typer.echo(str(found))
