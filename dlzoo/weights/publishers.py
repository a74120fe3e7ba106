"""Where publishers keep their files of weights, and what their names say.

The facts are those printed by the publishers themselves: keras.applications 3.15.1 (its
source, and https://keras.io/api/applications for the accuracies), torchvision 0.28
(`torchvision/models`, where a file name ends in the first digits of its sha256) and timm
1.0.31 (its `default_cfgs`, and `results/results-imagenet.csv` for the accuracies).
"""

from typing import Any

from dlzoo.weights.facts import IMAGENET, Preprocessing, Weights

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_KERAS_LATER = "https://storage.googleapis.com/keras-applications"  # without a folder
_TORCH = "https://download.pytorch.org/models"


def keras_file(
    path: str,
    md5: str | None,
    top1: float | None,
    top5: float | None,
    preprocessing: Preprocessing,
    licence: str,
    *,
    name: str = "imagenet",
    note: str = "",
    **options: Any,
) -> Weights:
    """`path` is `<network>/<file>`, or the file alone, under keras.applications' address."""
    folder, _, filename = path.rpartition("/")
    return Weights(
        name=name,
        origin="keras",
        url=f"{_KERAS if folder else _KERAS_LATER}/{path}",
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
    preprocessing: Preprocessing | None = None,
    note: str = "",
    **options: Any,
) -> Weights:
    """`stem` is the file's name, which ends in the first digits of its hash."""
    second = version == 2
    usual = IMAGENET.at(crop_fraction=224 / 232) if second else IMAGENET
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
        preprocessing=preprocessing or usual,
        options=options,
        note="torchvision's new training recipe" if second else note,
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


def timm_file(
    model: str,
    top1: float,
    top5: float,
    *,
    origin: str = "torch",
    preprocessing: Preprocessing | None = None,
    note: str = "",
    **options: Any,
) -> Weights:
    """`model` is timm's `<architecture>.<recipe>`; the recipe is the weights' name.

    `preprocessing` and `note` are the recipe's, where they are not given.
    """
    recipe = model.rpartition(".")[2]
    if preprocessing is None:
        preprocessing, note = _TIMM[recipe]
    return Weights(
        name=recipe,
        origin=origin,
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
