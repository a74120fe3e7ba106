"""What is published where: one row a network.

The facts are those printed by the publishers themselves: keras.applications 3.15.1 (its
source, and https://keras.io/api/applications for the accuracies), torchvision 0.28
(`torchvision/models`, where a file name ends in the first digits of its sha256) and timm
1.0.31 (its `default_cfgs`, and `results/results-imagenet.csv` for the accuracies).
"""

import difflib
import fnmatch
from typing import Any

from dlzoo._checks import check_choice
from dlzoo.weights.card import (
    CAFFE,
    IMAGENET,
    INCEPTION,
    Card,
    Preprocessing,
    Weights,
)

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_TORCH = "https://download.pytorch.org/models"


def keras_file(
    path: str,
    md5: str | None,
    top1: float,
    top5: float,
    preprocessing: Preprocessing,
    licence: str,
    *,
    note: str = "",
    **options: Any,
) -> Weights:
    """`path` is `<network>/<file>` under keras.applications' address."""
    filename = path.rpartition("/")[2]
    return Weights(
        name="imagenet",
        origin="keras",
        url=f"{_KERAS}/{path}",
        filename=filename,
        hash=f"md5:{md5}" if md5 else None,
        megabytes=None,
        top1=top1,
        top5=top5,
        licence=licence,
        preprocessing=preprocessing,
        options=options,
        note=note,
    )


def torchvision_file(
    stem: str,
    megabytes: float,
    top1: float,
    top5: float,
    *,
    version: int = 1,
    **options: Any,
) -> Weights:
    """`stem` is the file's name, which ends in the first digits of its hash."""
    second = version == 2
    return Weights(
        name="imagenet_v2" if second else "imagenet",
        origin="torch",
        url=f"{_TORCH}/{stem}.pth",
        filename=f"{stem}.pth",
        hash=f"sha256:{stem.rpartition('-')[2]}",
        megabytes=megabytes,
        top1=top1,
        top5=top5,
        licence="BSD-3-Clause",
        preprocessing=IMAGENET.at(crop_fraction=224 / 232) if second else IMAGENET,
        options=options,
        note="torchvision's new training recipe" if second else "",
    )


# timm's way with images, by the recipe at the end of a name (its `default_cfgs`).
_BICUBIC = IMAGENET.at(interpolation="bicubic")
_A_RECIPE = _BICUBIC.at(crop_fraction=0.95)
_TIMM = {
    "tv_in1k": (IMAGENET, "torchvision's file as safetensors"),
    "tv2_in1k": (
        IMAGENET.at(crop_fraction=0.965),
        "torchvision's second file as safetensors",
    ),
    "a1_in1k": (_A_RECIPE, "arXiv:2110.00476; accuracy measured at 288 px, no crop"),
    "a2_in1k": (_A_RECIPE, "arXiv:2110.00476; accuracy measured at 288 px, no crop"),
    "a3_in1k": (_A_RECIPE, "arXiv:2110.00476; trained at 160 px"),
    "ra_in1k": (_BICUBIC, ""),
    "lamb_in1k": (_BICUBIC, ""),
}


def timm_file(model: str, top1: float, top5: float, **options: Any) -> Weights:
    """`model` is timm's `<architecture>.<recipe>`; the recipe is the weights' name."""
    recipe = model.rpartition(".")[2]
    preprocessing, note = _TIMM[recipe]
    return Weights(
        name=recipe,
        origin="torch",
        url=f"hf://timm/{model}",
        filename="model.safetensors",
        hash=None,
        megabytes=None,
        top1=top1,
        top5=top5,
        licence="BSD-3-Clause" if recipe.startswith("tv") else "Apache-2.0",
        preprocessing=preprocessing,
        options=options,
        note=note,
    )


def _resnet(depth: int, gmacs: float, parameters: dict[str, int], *weights: Weights) -> Card:
    return Card(
        name=f"resnet{depth}",
        task="classification",
        title="Deep Residual Learning for Image Recognition",
        paper="https://arxiv.org/abs/1512.03385",
        year=2015,
        parameters=parameters,
        gmacs=gmacs,
        input_size=224,
        minimum_size=32,
        weights=weights,
        default_origin="keras" if "keras" in parameters else "torch",
    )


def _keras_resnet(depth: int, md5: str, top1: float, top5: float) -> Weights:
    path = f"resnet/resnet{depth}_weights_tf_dim_ordering_tf_kernels.h5"
    return keras_file(path, md5, top1, top5, CAFFE, "MIT")


def _keras_mobilenet_v2(alpha: float, top1: float, top5: float) -> Weights:
    path = (
        "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
        f"_{alpha}_224.h5"  # keras.applications publishes no hash for these
    )
    return keras_file(
        path,
        None,
        top1,
        top5,
        INCEPTION,
        "Apache-2.0",
        note="" if alpha == 1 else "accuracy of the TensorFlow checkpoint it was made of",
        alpha=alpha,
    )


CARDS = (
    _resnet(
        18,
        1.814,
        {"torch": 11_689_512},
        torchvision_file("resnet18-f37072fd", 44.661, 69.758, 89.078),
        timm_file("resnet18.tv_in1k", 69.760, 89.070),
        timm_file("resnet18.a1_in1k", 73.158, 91.026),
        timm_file("resnet18.a2_in1k", 72.372, 90.596),
        timm_file("resnet18.a3_in1k", 68.254, 88.176),
    ),
    _resnet(
        34,
        3.664,
        {"torch": 21_797_672},
        torchvision_file("resnet34-b627a593", 83.275, 73.314, 91.420),
        timm_file("resnet34.tv_in1k", 73.298, 91.422),
        timm_file("resnet34.a1_in1k", 77.918, 93.766),
        timm_file("resnet34.a2_in1k", 77.158, 93.274),
        timm_file("resnet34.a3_in1k", 72.970, 91.108),
    ),
    _resnet(
        50,
        4.089,
        {"keras": 25_583_592, "torch": 25_557_032},
        _keras_resnet(50, "2cb95161c43110f7111970584f804107", 74.9, 92.1),
        torchvision_file("resnet50-0676ba61", 97.781, 76.130, 92.862),
        torchvision_file("resnet50-11ad3fa6", 97.79, 80.858, 95.434, version=2),
        timm_file("resnet50.tv_in1k", 76.130, 92.858),
        timm_file("resnet50.tv2_in1k", 80.850, 95.434),
        timm_file("resnet50.a1_in1k", 81.214, 95.102),
        timm_file("resnet50.a2_in1k", 80.772, 94.988),
        timm_file("resnet50.a3_in1k", 78.048, 93.780),
    ),
    _resnet(
        101,
        7.801,
        {"keras": 44_601_832, "torch": 44_549_160},
        _keras_resnet(101, "f1aeb4b969a6efcfb50fad2f0c20cfc5", 76.4, 92.8),
        torchvision_file("resnet101-63fe2227", 170.511, 77.374, 93.546),
        torchvision_file("resnet101-cd907fc2", 170.53, 81.886, 95.780, version=2),
        timm_file("resnet101.tv_in1k", 77.376, 93.542),
        timm_file("resnet101.tv2_in1k", 81.890, 95.768),
        timm_file("resnet101.a1_in1k", 82.322, 95.632),
        timm_file("resnet101.a2_in1k", 82.236, 95.730),
        timm_file("resnet101.a3_in1k", 79.814, 94.606),
    ),
    _resnet(
        152,
        11.514,
        {"keras": 60_268_520, "torch": 60_192_808},
        _keras_resnet(152, "100835be76be38e30d865e96f2aaae62", 76.6, 93.1),
        torchvision_file("resnet152-394f9c45", 230.434, 78.312, 94.046),
        torchvision_file("resnet152-f82ba261", 230.474, 82.284, 96.002, version=2),
        timm_file("resnet152.tv_in1k", 78.322, 94.048),
        timm_file("resnet152.tv2_in1k", 82.288, 96.004),
        timm_file("resnet152.a1_in1k", 82.732, 95.720),
        timm_file("resnet152.a2_in1k", 82.608, 95.752),
        timm_file("resnet152.a3_in1k", 80.546, 95.000),
    ),
    Card(
        name="mobilenet_v2",
        task="classification",
        title="MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        paper="https://arxiv.org/abs/1801.04381",
        year=2018,
        parameters={"keras": 3_504_872, "torch": 3_504_872},
        gmacs=0.301,
        input_size=224,
        minimum_size=32,
        weights=(
            _keras_mobilenet_v2(1.0, 71.3, 90.1),
            _keras_mobilenet_v2(0.35, 60.3, 82.9),
            _keras_mobilenet_v2(0.5, 65.4, 86.4),
            _keras_mobilenet_v2(0.75, 69.8, 89.6),
            _keras_mobilenet_v2(1.3, 74.4, 92.1),
            _keras_mobilenet_v2(1.4, 75.0, 92.5),
            torchvision_file("mobilenet_v2-b0353104", 13.555, 71.878, 90.286, alpha=1.0),
            torchvision_file(
                "mobilenet_v2-7ebf99e0", 13.598, 72.154, 90.822, version=2, alpha=1.0
            ),
            timm_file("mobilenetv2_100.ra_in1k", 72.976, 91.010, alpha=1.0),
            timm_file("mobilenetv2_140.ra_in1k", 76.520, 92.986, alpha=1.4),
            timm_file("mobilenetv2_050.lamb_in1k", 65.950, 86.088, alpha=0.5),
        ),
        default_origin="keras",
    ),
)

_BY_NAME = {row.name: row for row in CARDS}


def list_models(pattern: str = "*", task: str | None = None) -> list[str]:
    """Names of the networks, sorted.

    Args:
        pattern: With `*` and `?`, as file names have them.
        task: Only networks for this task.

    Example:
        >>> list_models("resnet1*")
        ['resnet101', 'resnet152', 'resnet18']
    """
    if task is not None:
        check_choice("list_models", "task", task, {row.task for row in CARDS})
    return sorted(
        row.name
        for row in CARDS
        if fnmatch.fnmatchcase(row.name, pattern) and task in (None, row.task)
    )


def card(name: str) -> Card:
    """What is published about a network: size, accuracy, sources of weights.

    Example:
        >>> card("mobilenet_v2").parameters["keras"]
        3504872
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    close = difflib.get_close_matches(str(name), _BY_NAME)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "there are: "
    rest = "" if close else ", ".join(sorted(_BY_NAME)) + "."
    raise ValueError(f"no network is called {name!r}; {hint}{rest}")
