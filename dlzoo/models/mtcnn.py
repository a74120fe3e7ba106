"""MTCNN: three small networks, one after the other, that find faces and five points of each.

Source: Zhang, Zhang, Li and Qiao 2016, https://arxiv.org/abs/1604.02878, figure 2. The first
network is convolutional and looks at every place of an image (`mtcnn_pnet`), the second
(`mtcnn_rnet`) and the third (`mtcnn_onet`) at crops of 24 and 48 pixels of what is left.
`dlzoo.faces.find_faces` runs them.

Origin: `"torch"`, the authors' weights as facenet-pytorch publishes them. Its first two
networks have no landmarks, as in the authors' own program. Poolings round up (Caffe's rule),
and feature maps are flattened column by column (Matlab's order).

Example:
    >>> model = mtcnn_pnet(input_shape=(14, 30, 3))
    >>> {name: tensor.shape for name, tensor in model.output.items()}
    {'scores': (None, 2, 10, 2), 'steps': (None, 2, 10, 4)}
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import layers

from dlzoo.layers import PReLU
from dlzoo.models.classifier import (
    Conventions,
    Design,
    build,
    check_image_shape,
    documented_as,
    head_dtype,
)
from dlzoo.models.loading import register
from dlzoo.models.segmentation_heads import feature_map
from dlzoo.weights import card
from dlzoo.weights.porting import Top


@dataclass(frozen=True)
class Stage:
    """One of the three networks.

    Attributes:
        convolutions: Filters and kernel of each, and the size of the pooling after it; 0 for
            none.
        hidden: Units of the fully connected layer; 0 for none: the network is convolutional.
        outputs: Name to numbers.
    """

    convolutions: tuple[tuple[int, int, int], ...]
    hidden: int
    outputs: dict[str, int]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Our layers and those of the published files, which are numbered."""
        count = len(self.convolutions)
        both = [(f"{kind}{n}",) * 2 for n in range(1, 1 + count) for kind in ("conv", "prelu")]
        kind, last = "conv", count + 1
        if self.hidden:
            both += [("hidden", f"dense{last}"), ("hidden_prelu", f"prelu{last}")]
            kind, last = "dense", last + 1
        return both + [(name, f"{kind}{last}_{n}") for n, name in enumerate(self.outputs, 1)]


TWO = {"scores": 2, "steps": 4}
STAGES = {
    "pnet": Stage(((10, 3, 2), (16, 3, 0), (32, 3, 0)), 0, TWO),
    "rnet": Stage(((28, 3, 3), (48, 3, 3), (64, 2, 0)), 128, TWO),
    "onet": Stage(
        ((32, 3, 3), (64, 3, 3), (64, 3, 2), (128, 2, 0)), 256, TWO | {"landmarks": 10}
    ),
}


def _body(stage):
    def wire(x, conventions):
        for number, (filters, kernel, window) in enumerate(stage.convolutions, 1):
            x = layers.Conv2D(filters, kernel, name=f"conv{number}")(x)
            x = PReLU(name=f"prelu{number}")(x)
            if window:
                x = _pool(x, window, f"pool{number}")
        if not stage.hidden:
            return x
        x = layers.Permute((2, 1, 3), name="column_by_column")(x)
        x = layers.Dense(stage.hidden, name="hidden")(layers.Flatten(name="flatten")(x))
        return PReLU(name="hidden_prelu")(x)

    return wire


def _pool(x, window, name):
    """Steps of two pixels; a last window that is not whole counts.

    Keras's "same" does that, except for three pixels on an odd side, where all are whole.
    """
    whole = window == 3 and x.shape[1] % 2 == 1
    padding = "valid" if whole else "same"
    return layers.MaxPooling2D(window, 2, padding=padding, name=name)(x)


def _head(stage):
    def wire(x, classes, activation, conventions):
        found = {}
        for name, numbers in stage.outputs.items():
            options: dict[str, Any] = {"name": name, "dtype": head_dtype()}
            if name == "scores":
                options["activation"] = activation
            layer = (
                layers.Dense(numbers, **options)
                if stage.hidden
                else layers.Conv2D(numbers, 1, **options)
            )
            found[name] = layer(x)
        return found

    return wire


def _check_crop(who, input_shape, facts):
    check_image_shape(who, input_shape, facts)
    if tuple(input_shape) != facts.input_shape:
        raise ValueError(
            f"{who}: input_shape must be {facts.input_shape}, because a fully connected layer "
            f"reads the whole crop; got {input_shape!r}."
        )


def _check_image(who, input_shape, facts):
    check_image_shape(who, input_shape, facts)
    if input_shape[2] != 3:
        raise ValueError(
            f"{who}: channels must be 3, because photographs are RGB; got {input_shape[2]} in "
            f"input_shape={input_shape!r}."
        )


def _design(which):
    stage = STAGES[which]
    others = tuple(f"{other}.*" for other in STAGES if other != which)
    return Design(
        name=f"mtcnn_{which}",
        body=_body(stage),
        origins={"torch": Conventions(use_bias=True)},
        layouts={
            "facenet-pytorch": stage.pairs,
            "mtcnn": [(ours, f"{which}.{theirs}") for ours, theirs in stage.pairs],
        },
        to_vector=feature_map,
        head=_head(stage),
        top=Top(heads=()),
        not_ours=others,
        check_shape=_check_crop if stage.hidden else _check_image,
    )


def _network(which, sides):
    """Decorator: from a documented name to the builder of one of the three."""
    name = f"mtcnn_{which}"
    register(name, lambda: _design(which))

    def decorate(documented):
        def builder(
            weights=None,
            input_shape=(sides, sides, 3),
            *,
            include_preprocessing=False,
            origin=None,
            name=name,
        ) -> keras.Model:
            return build(
                _design(which),
                weights=weights,
                classes=2,
                input_shape=input_shape,
                include_preprocessing=include_preprocessing,
                origin=origin,
                name=name,
            )

        return documented_as(builder, documented)

    return decorate


@_network("pnet", None)
def mtcnn_pnet():
    """The first network, P-Net, of windows of 12 pixels every 2 pixels; 6,632 parameters.

    Args:
        weights: None for random ones; `"wider_face"`, fetched once; or the path of a file:
            dlzoo's own, facenet-pytorch's `pnet.pt`, or all three networks in one, under
            `pnet.`, `rnet.` and `onet.`.
        input_shape: `(height, width, 3)`, at least 12; None for a side of any size.
        include_preprocessing: Raw RGB of 0 to 255 in, instead of `(x - 127.5) / 128`.
        origin: `"torch"`, the only one.
        name: Of the model.

    Returns:
        A functional `keras.Model` to a dict: `scores (batch, rows, columns, 2)`, the
        probabilities of no face and of a face in each window, and `steps (batch, rows,
        columns, 4)` from the window's corners to those of the face's box `(x1, y1, x2, y2)`,
        in sides of the window.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """


@_network("rnet", 24)
def mtcnn_rnet():
    """The second network, R-Net, of crops of 24 pixels; 100,178 parameters.

    Arguments and errors as of `mtcnn_pnet`; facenet-pytorch's file is `rnet.pt`. The result
    gives a dict of `scores (batch, 2)` and `steps (batch, 4)`.
    """


@_network("onet", 48)
def mtcnn_onet():
    """The third network, O-Net, of crops of 48 pixels; 389,040 parameters.

    Arguments and errors as of `mtcnn_pnet`; facenet-pytorch's file is `onet.pt`. The result
    gives a dict of `scores (batch, 2)`, `steps (batch, 4)` and `landmarks (batch, 10)`: x of
    five points, then y, in sides of the crop from its upper left corner. The points are left
    and right eye, nose, left and right corner of the mouth, as seen in the image.
    """


class MTCNN(NamedTuple):
    """The three networks; they take raw RGB of 0 to 255."""

    pnet: keras.Model
    rnet: keras.Model
    onet: keras.Model


def mtcnn(weights="wider_face") -> MTCNN:
    """All three networks with their weights, as `dlzoo.faces.find_faces` needs them.

    Args:
        weights: `"wider_face"`, fetched once; the path of a file with all three networks, as
            `mtcnn_pnet` takes it; or of a folder with `pnet.pt`, `rnet.pt` and `onet.pt`, as
            facenet-pytorch has one. None for random ones.

    Raises:
        WeightsError: The weights cannot be had or do not fit.
    """
    builders = {"pnet": mtcnn_pnet, "rnet": mtcnn_rnet, "onet": mtcnn_onet}
    files = dict.fromkeys(builders, weights)
    names = (None, *card("mtcnn_pnet").weights_names)  # not a folder that is called like one
    if weights not in names and Path(weights).expanduser().is_dir():
        files = {which: Path(weights, f"{which}.pt") for which in builders}
    built = (
        builder(files[name], include_preprocessing=True) for name, builder in builders.items()
    )
    return MTCNN(*built)
