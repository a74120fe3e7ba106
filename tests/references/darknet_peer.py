"""OpenCV 4 as the independent reader of Darknet's networks: their text, files and answers.

`cfg` writes the text that Darknet has for a network (pjreddie/darknet, `cfg/`), `write` a file
of drawn weights in Darknet's order, `ask` what OpenCV answers. Nothing of dlzoo is here.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

from tests.references.draw import draw

POOL = ("pool", 2)
NORMALISATION = ("bn.bias", "bn.weight", "bn.running_mean", "bn.running_var")
STILL = ("pool", 1)  # a pooling that keeps the sides
V2_ANCHORS = (
    0.57273, 0.677385, 1.87446, 2.06253, 3.33843, 5.47434, 7.88282, 3.52778, 9.77052, 9.16828,
)  # fmt: skip
V3_ANCHORS = (
    10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326,
)  # fmt: skip
V3_TINY_ANCHORS = (10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319)


def conv(filters, size=3, strides=1):
    return ("conv", filters, size, strides)


def _around(filters, rounds):
    """3x3 convolutions with a 1x1 to half the channels between them."""
    for _ in range(rounds):
        yield from (conv(filters), conv(filters // 2, 1))
    yield conv(filters)


def _residual(filters, blocks):
    """The way down by a strided convolution, then blocks with shortcuts."""
    yield conv(filters, 3, 2)
    for _ in range(blocks):
        yield from (conv(filters // 2, 1), conv(filters), ("shortcut", -3))


def _neck(filters):
    """What each scale of version 3 does before its head; the head reads the last."""
    for _ in range(3):
        yield from (conv(filters // 2, 1), conv(filters))


def _up(filters, across):
    """From the scale above: the fifth layer of its neck, halved, enlarged, joined."""
    return [("route", -4), conv(filters, 1), ("upsample",), ("route", -1, across)]


def _darknet19():
    yield from (conv(32), POOL, conv(64), POOL, *_around(128, 1), POOL, *_around(256, 1), POOL)
    yield from (*_around(512, 2), POOL, *_around(1024, 2))


def _tiny():
    for filters in (16, 32, 64, 128, 256):
        yield from (conv(filters), POOL)
    yield from (conv(512), STILL, conv(1024))


def _darknet53():
    yield conv(32)
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        yield from _residual(filters, blocks)


@dataclass(frozen=True)
class Peer:
    """A network of Darknet.

    Attributes:
        layers: What it is made of, heads and all.
        anchors: In cells (version 2) or pixels.
        taps: Our name of a layer to the number of Darknet's.
        gain: As in `draw`.
    """

    name: str
    layers: tuple
    anchors: tuple
    taps: dict = field(hash=False)
    classes: int = 80
    gain: float = 1.0

    @property
    def version(self):
        return 2 if "v2" in self.name else 3


def peers(classes=80):
    """The four networks."""
    head = ("head",)
    yield Peer(
        "yolo_v2",
        (*_darknet19(), conv(1024), conv(1024), ("route", -9), conv(64, 1), ("reorg",),
         ("route", -1, -4), conv(1024), head),
        V2_ANCHORS,
        {"stage1_conv1": 2, "stage2_conv3": 6, "stage4_conv5": 16, "stage5_conv5": 22,
         "passthrough_join": 28, "neck_conv3": 29, "head_stride32": 30},
        classes,
    )  # fmt: skip
    yield Peer(
        "yolo_v2_tiny",
        (*_tiny(), conv(512), head),
        V2_ANCHORS,
        {"stage1_conv1": 2, "stage5_conv1": 10, "stage5_conv2": 12, "neck_conv1": 13,
         "head_stride32": 14},
        classes,
    )  # fmt: skip
    yield Peer(
        "yolo_v3",
        (*_darknet53(), *_neck(1024), head, ("yolo", 6, 7, 8), *_up(256, 61), *_neck(512), head,
         ("yolo", 3, 4, 5), *_up(128, 36), *_neck(256), head, ("yolo", 0, 1, 2)),
        V3_ANCHORS,
        {"stage1_block1": 4, "stage3_block8": 36, "stage5_block4": 74, "head_stride32": 81,
         "head_stride16": 93, "head_stride8": 105},
        classes,
        0.5,
    )  # fmt: skip
    yield Peer(
        "yolo_v3_tiny",
        (*_tiny(), conv(256, 1), conv(512), head, ("yolo", 3, 4, 5), *_up(128, 8), conv(256),
         head, ("yolo", 0, 1, 2)),
        V3_TINY_ANCHORS,
        {"stage4_conv1": 8, "stage5_conv2": 12, "head_stride32": 15, "head_stride16": 22},
        classes,
    )  # fmt: skip


def cfg(peer, height, width):
    """The network as Darknet writes it."""
    parts = [f"[net]\nbatch=1\nheight={height}\nwidth={width}\nchannels=3\n"]
    per_cell = 5 if peer.version == 2 else 3
    for kind, *numbers in peer.layers:
        if kind in ("conv", "head"):
            filters, size, strides = numbers or (per_cell * (5 + peer.classes), 1, 1)
            end = "activation=linear" if kind == "head" else "activation=leaky"
            normalised = "" if kind == "head" else "batch_normalize=1\n"
            parts.append(
                f"[convolutional]\n{normalised}filters={filters}\nsize={size}\n"
                f"stride={strides}\npad=1\n{end}\n"
            )
        elif kind == "pool":
            parts.append(f"[maxpool]\nsize=2\nstride={numbers[0]}\n")
        elif kind == "shortcut":
            parts.append(f"[shortcut]\nfrom={numbers[0]}\nactivation=linear\n")
        elif kind == "route":
            parts.append(f"[route]\nlayers={','.join(map(str, numbers))}\n")
        elif kind == "yolo":
            parts.append(_yolo(peer, numbers))
        else:
            parts.append(f"[{kind}]\nstride=2\n")
    if peer.version == 2:
        anchors = ",".join(map(str, peer.anchors))
        parts.append(
            f"[region]\nanchors={anchors}\nclasses={peer.classes}\ncoords=4\nnum=5\nsoftmax=1\n"
            f"thresh=0\nnms_threshold=0\n"
        )
    return "\n".join(parts)


def _yolo(peer, mask):
    anchors = ",".join(map(str, peer.anchors))
    return (
        f"[yolo]\nmask={','.join(map(str, mask))}\nanchors={anchors}\nclasses={peer.classes}\n"
        f"num={len(peer.anchors) // 2}\nthresh=0\n"
    )


def shapes(peer):
    """Names and shapes of the tensors, in the order of Darknet's files."""
    per_cell = 5 if peer.version == 2 else 3
    channels, outputs = 3, []
    for number, (kind, *numbers) in enumerate(peer.layers):
        if kind in ("conv", "head"):
            filters, size, _ = numbers or (per_cell * (5 + peer.classes), 1, 1)
            for leaf in ("bias",) if kind == "head" else NORMALISATION:
                yield f"{number}.{leaf}", (filters,)
            yield f"{number}.conv.weight", (filters, channels, size, size)
            channels = filters
        elif kind == "reorg":
            channels *= 4
        elif kind == "route":
            channels = sum(outputs[n if n >= 0 else number + n] for n in numbers)
        outputs.append(channels)


def state(peer):
    """Drawn tensors by name, in the order of the file; those of heads are small.

    Widths and heights are exponentials of what heads answer.
    """
    heads = {str(n) for n, layer in enumerate(peer.layers) if layer[0] == "head"}
    return {
        name: draw(name, shape, peer.gain) * (0.3 if name.partition(".")[0] in heads else 1)
        for name, shape in shapes(peer)
    }


def write(path, tensors, *, minor=2, seen=32_013_312):
    """A file of weights as Darknet writes it; before its version 0.2 `seen` had 32 bits."""
    with open(path, "wb") as file:
        file.write(struct.pack("<3i" + ("q" if minor >= 2 else "i"), 0, minor, 0, seen))
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())
    return path


def ask(folder, peer, weights, pixels):
    """OpenCV's answers to `(batch, height, width, 3)`: taps, channels last; decoded rows."""
    import cv2

    height, width = pixels.shape[1:3]
    path = folder / f"{peer.name}.cfg"
    path.write_text(cfg(peer, height, width))
    net = cv2.dnn.readNetFromDarknet(str(path), str(weights))
    net.enableFusion(False)  # which would put layers that are asked for into others
    names, found = net.getLayerNames(), {}
    ends = {ours: _end(names, number) for ours, number in peer.taps.items()}
    last = net.getUnconnectedOutLayersNames()
    asked = [*ends.values(), *last]
    answers = []
    for image in pixels:
        net.setInput(image.transpose(2, 0, 1)[None])
        answers.append(net.forward(asked))
    for place, name in enumerate([*ends, *last]):
        values = np.stack(
            [each[place][0] if each[place].ndim == 4 else each[place] for each in answers]
        )
        found[name] = values.transpose(0, 2, 3, 1) if values.ndim == 4 else values
    rows = (len(pixels), -1, 5 + peer.classes)
    decoded = [found.pop(name).reshape(rows) for name in last]
    return found, np.concatenate(decoded, axis=1)


def _end(names, number):
    """OpenCV's name of what leaves Darknet's layer; activations are numbered one higher."""
    if f"bn_{number}" in names:
        return f"leaky_{number + 1}"
    kinds = {name.rpartition("_")[2]: name for name in names if not name.startswith("leaky")}
    return kinds[str(number)]
