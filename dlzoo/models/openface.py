"""OpenFace's nn4.small2: FaceNet's NN4 made small enough to be trained by a university.

Source: Amos, Ludwiczuk and Satyanarayanan 2016, "OpenFace: A general-purpose face
recognition library with mobile applications", CMU-CS-16-118, Table 1; NN4 is from
https://arxiv.org/abs/1503.03832.

Origin: `"torch"`, the definition in Torch that the published weights were trained with.
nn4.small2.v1 was published in Torch 7's own format, which dlzoo does not read (it is a
pickle of Lua's). What ports made of it loads: the folder of CSV files, `.h5` of the Keras
ports, and the state of the PyTorch port.

Example:
    >>> model = openface_nn4_small2()
    >>> model.output_shape
    (None, 128)
"""

import keras
from keras import layers

from dlzoo._checks import check_input_shape, check_positive_int
from dlzoo.layers import ConvBN, LocalResponseNormalization, PaddedInception
from dlzoo.models.classifier import Conventions, Design, build, head_dtype
from dlzoo.models.embedding import check_normalize, embedded
from dlzoo.models.loading import register
from dlzoo.weights.porting import Top

NAME = "openface_nn4_small2"
TORCH = Conventions(use_bias=True)
# Table 1, a module a row: filters before and after the 3x3 and the 5x5 convolution, their
# strides, the pooling, the filters after it, those of the 1x1 convolution.
MODULES = {
    "3a": (((96, 128), (16, 32)), 1, "max", 32, 64),
    "3b": (((96, 128), (32, 64)), 1, "l2", 64, 64),
    "3c": (((128, 256), (32, 64)), 2, "max", None, None),
    "4a": (((96, 192), (32, 64)), 1, "l2", 128, 256),
    "4e": (((160, 256), (64, 128)), 2, "max", None, None),
    "5a": (((96, 384),), 1, "l2", 96, 256),
    "5b": (((96, 384),), 1, "max", 96, 256),
}
PLACES = dict(zip(MODULES, (14, 15, 16, 17, 18, 19, 21), strict=True))  # in the PyTorch port


def nn4_small2(image, conventions, dimensions):
    """Wire it: `image` to the embedding, which has any length."""
    common = {
        "use_bias": conventions.use_bias,
        "epsilon": conventions.epsilon,
        "momentum": conventions.momentum,
    }
    x = ConvBN(64, 7, strides=2, name="stage1_conv", **common)(image)
    x = _norm("stage2_norm")(_pool(x, "stage2"))
    x = ConvBN(64, 1, name="stage2_reduce", **common)(x)
    x = ConvBN(192, 3, name="stage2_conv", **common)(x)
    x = _pool(_norm("stage3_norm")(x), "stage3")
    for name, (wide, strides, pool, pool_filters, direct) in MODULES.items():
        chains = [
            ((before, 1), (after, kernel_size, strides))
            for (before, after), kernel_size in zip(wide, (3, 5), strict=False)
        ]
        x = PaddedInception(
            chains,
            pool,
            pool_filters,
            direct_filters=direct,
            name=_ours(name),
            **common,
        )(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return layers.Dense(dimensions, dtype=head_dtype(), name="embedding")(x)


def _norm(name):
    """Torch divides alpha = 1e-4 by the five channels that it sums over."""
    return LocalResponseNormalization(n=5, k=1.0, alpha=1e-4 / 5, beta=0.75, name=name)


def _pool(x, name):
    """3x3 with strides 2 and a zero around, which is never the largest after a rectifier."""
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name=f"{name}_pool")(x)


def _ours(module):
    """The name of a module's layer: those whose answers have the same sides make a stage."""
    stage = {"3c": 4, "4a": 4, "4e": 5, "5a": 5, "5b": 5}.get(module, 3)
    return f"stage{stage}_module{module}"


def _bricks(module):
    """Our bricks of a module: the Keras ports' names, and places in the PyTorch port's."""
    wide, _, _, pool_filters, direct = MODULES[module]
    for row, kernel_size in zip(range(len(wide)), (3, 5), strict=False):
        for place in (0, 1):
            theirs = f"{kernel_size}x{kernel_size}", place + 1
            yield f"branch{row}_{place}", theirs, (row, (1, 4)[place])
    if pool_filters:
        yield "project", ("pool", ""), (len(wide), 2)
    if direct:
        yield "direct", ("1x1", ""), (len(wide) + 1, 1)


def _torch_names():
    """Our layers and those of the PyTorch port: the modules numbered as in Torch."""
    for ours, number in (("stage1_conv", 1), ("stage2_reduce", 6), ("stage2_conv", 9)):
        yield from ((f"{ours}/conv", f"layer{number}"), (f"{ours}/bn", f"layer{number + 1}"))
    for module, place in PLACES.items():
        for ours, _, (row, number) in _bricks(module):
            theirs = f"layer{place}.seq_list.{row}"
            yield f"{_ours(module)}/{ours}/conv", f"{theirs}.{number}_conv"
            yield f"{_ours(module)}/{ours}/bn", f"{theirs}.{number + 1}_bn"
    yield "embedding", "layer25"


def _port_names(dense):
    """Our layers and those of the Keras ports."""
    for number, ours in enumerate(("stage1_conv", "stage2_reduce", "stage2_conv"), 1):
        yield from ((f"{ours}/conv", f"conv{number}"), (f"{ours}/bn", f"bn{number}"))
    for module in MODULES:
        for ours, (branch, number), _ in _bricks(module):
            for part in ("conv", "bn"):
                theirs = f"inception_{module}_{branch}_{part}{number}"
                yield f"{_ours(module)}/{ours}/{part}", theirs
    yield "embedding", dense


def _check_shape(who, input_shape, facts):
    because = "the last pooling needs a feature map of 3 x 3"
    check_input_shape(who, input_shape, minimum=facts.minimum_size, because=because)
    if None in input_shape[:2]:
        raise ValueError(
            f"{who}: height and width must be given, because zeros are put around the ends "
            f"of branches that are smaller than others; got input_shape={input_shape!r}. "
            f"Pass (96, 96, 3), the size of aligned faces."
        )


def _design(dimensions=128, normalize=True):
    def body(image, conventions):
        return embedded(nn4_small2(image, conventions, dimensions), normalize)

    return Design(
        name=NAME,
        body=body,
        origins={"torch": TORCH},
        layouts={
            "torch": list(_torch_names()),
            "keras": list(_port_names("dense_layer")),
            "csv": list(_port_names("dense")),
        },
        options={"dimensions": dimensions},
        top=Top(heads=()),
        layout_origins={"keras": ("torch",)},
        check_shape=_check_shape,
    )


register(NAME, _design)


def openface_nn4_small2(
    weights=None,
    input_shape=(96, 96, 3),
    *,
    dimensions=128,
    normalize=True,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """OpenFace's nn4.small2, 3.7 M parameters.

    Args:
        weights: None for random ones, or a path: dlzoo's own file; the folder of CSV files or
            the `.h5` of the Keras ports of nn4.small2.v1; or the state of its PyTorch port.
        input_shape: `(height, width, channels)` in pixels, at least 65. Images are RGB,
            `pixels / 255`.
        dimensions: Of the embedding.
        normalize: Make embeddings of unit length, as OpenFace does.
        include_preprocessing: Take raw RGB of 0 to 255.
        origin: `"torch"`, the only one.
        name: Of the model.

    Returns:
        A functional `keras.Model`: `(batch, height, width, channels)` to embeddings
        `(batch, dimensions)`, float32. With weights it has a `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_positive_int(NAME, "dimensions", dimensions)
    check_normalize(NAME, normalize)
    return build(
        _design(dimensions, normalize),
        weights=weights,
        classes=0,
        input_shape=input_shape,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
