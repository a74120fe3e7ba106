"""EfficientNet: what is published where."""

from dlzoo.weights.facts import IMAGENET, INCEPTION, Card, Preprocessing, Weights
from dlzoo.weights.publishers import keras_file, timm_file, torchvision_file

# By phi: side in pixels; parameters; multiply-adds in 10**9, as torchvision counts them at
# that side (B2, which torchvision shows at 288 px only: counted by its rule at 260).
_SIZES = (224, 240, 260, 300, 380, 456, 528, 600)
_PARAMETERS = (
    *(5_288_548, 7_794_184, 9_109_994, 12_233_232),
    *(19_341_616, 30_389_784, 43_040_704, 66_347_960),
)
_GMACS = (0.386, 0.687, 0.994, 1.827, 4.394, 10.266, 19.068, 37.746)

# timm's `tf_efficientnet_*`: share of the resized image that is shown, by phi. The authors'
# own is side / (side + 32).
_CROPS = (0.875, 0.882, 0.890, 0.904, 0.922, 0.934, 0.942, 0.949)
_CROP_MODE = "timm presses the whole image into the square"

# md5 of the files with a head (keras.applications' WEIGHTS_HASHES) and accuracy (keras.io).
_KERAS = (
    ("902e53a9f72be733fc0bcb005b3ebbac", 77.1, 93.3),
    ("1d254153d4ab51201f1646940f018540", 79.1, 94.4),
    ("b15cce36ff4dcbd00b6dd88e7857a6ad", 80.1, 94.9),
    ("ffd1fdc53d0ce67064dc6a9c7960ede0", 81.6, 95.7),
    ("18c95ad55216b8f92d7e70b3a046e2fc", 82.9, 96.4),
    ("ace28f2a6363774853a83a0b21b9421a", 83.6, 96.7),
    ("165f6e37dce68623721b423839de8be5", 84.0, 96.8),
    ("8c03f828fec3ef71311cd463b6759d99", 84.3, 97.0),
)

# Name, MiB, accuracy, side, resized to.
_TORCHVISION = (
    ("efficientnet_b0_rwightman-7f5810bc", 20.451, 77.692, 93.532, 224, 256),
    ("efficientnet_b1_rwightman-bac287d4", 30.134, 78.642, 94.186, 240, 256),
    ("efficientnet_b2_rwightman-c35c1473", 35.174, 80.608, 95.310, 288, 288),
    ("efficientnet_b3_rwightman-b3899882", 47.184, 82.008, 96.054, 300, 320),
    ("efficientnet_b4_rwightman-23ab8bcd", 74.489, 83.384, 96.594, 380, 384),
    ("efficientnet_b5_lukemelas-1a07897c", 116.864, 83.444, 96.628, 456, 456),
    ("efficientnet_b6_lukemelas-24a108a5", 165.362, 84.008, 96.916, 528, 528),
    ("efficientnet_b7_lukemelas-c5b4e57e", 254.675, 84.122, 96.908, 600, 600),
)

# The authors' files by recipe: top-1 and top-5 by phi, and what the recipe is.
_TF: dict[str, tuple[dict[int, tuple[float, float]], str]] = {
    "aa_in1k": (
        {
            0: (76.882, 93.270),
            1: (78.840, 94.202),
            2: (80.074, 94.906),
            3: (81.648, 95.724),
            4: (83.040, 96.298),
            5: (83.696, 96.712),
            6: (84.124, 96.890),
            7: (84.424, 96.908),
        },
        "AutoAugment",
    ),
    "in1k": (
        {
            0: (76.542, 93.008),
            1: (78.546, 94.096),
            2: (79.612, 94.714),
            3: (80.878, 95.308),
            4: (82.598, 96.132),
            5: (83.170, 96.534),
        },
        "the paper's training",
    ),
    "ra_in1k": ({5: (83.834, 96.764), 7: (84.926, 97.220)}, "RandAugment"),
    "ap_in1k": (
        {
            0: (77.100, 93.258),
            1: (79.288, 94.316),
            2: (80.300, 95.032),
            3: (81.842, 95.614),
            4: (83.246, 96.392),
            5: (84.258, 96.984),
            6: (84.794, 97.138),
            7: (85.132, 97.256),
        },
        "AdvProp, arXiv:1911.09665",
    ),
    "ns_jft_in1k": (
        {
            0: (78.680, 94.372),
            1: (81.388, 95.756),
            2: (82.412, 96.238),
            3: (84.054, 96.926),
            4: (85.156, 97.482),
            5: (86.096, 97.744),
            6: (86.476, 97.864),
            7: (86.850, 98.080),
        },
        "Noisy Student with 300 M unlabelled images, arXiv:1911.04252",
    ),
}

_BICUBIC = IMAGENET.at(interpolation="bicubic")
_HALF = INCEPTION.at(interpolation="bicubic")  # the same numbers as timm's mean and std 0.5


def _authors(phi: int, colours: Preprocessing = _BICUBIC) -> Preprocessing:
    return colours.at(size=_SIZES[phi], crop_fraction=_CROPS[phi])


def _keras(phi: int) -> Weights:
    # keras.applications has three layers in front: x / 255; (x - mean) / sqrt(variance),
    # where the published files hold mean (0.485, 0.456, 0.406) and in the place of the
    # variance the deviations s = (0.229, 0.224, 0.225); and, only for weights="imagenet",
    # x / sqrt(s) to make up for it. Together: (x / 255 - mean) / s.
    md5, top1, top5 = _KERAS[phi]
    return keras_file(f"efficientnetb{phi}.h5", md5, top1, top5, _authors(phi), "Apache-2.0")


def _torchvision(phi: int) -> Weights:
    stem, megabytes, top1, top5, size, resize = _TORCHVISION[phi]
    shown = _BICUBIC.at(size=size, crop_fraction=size / resize)
    return torchvision_file(stem, megabytes, top1, top5, preprocessing=shown)


def _tf(phi: int) -> list[Weights]:
    return [
        timm_file(
            f"tf_efficientnet_b{phi}.{recipe}",
            *accuracies[phi],
            origin="tf",
            preprocessing=_authors(phi, _HALF if recipe.startswith("ap") else _BICUBIC),
            note=note,
        )
        for recipe, (accuracies, note) in _TF.items()
        if phi in accuracies
    ]


_TIMM: dict[int, tuple[Weights, ...]] = {
    0: (
        timm_file("efficientnet_b0.ra_in1k", 77.698, 93.538),
        timm_file(
            "efficientnet_b0.ra4_e3600_r224_in1k",
            78.568,
            94.340,
            preprocessing=_HALF.at(crop_fraction=0.9),
        ),
    ),
    1: (
        torchvision_file(
            "efficientnet_b1-c27df63c",
            30.136,
            79.838,
            94.934,
            version=2,
            preprocessing=IMAGENET.at(size=240, crop_fraction=240 / 255),
        ),
        timm_file("efficientnet_b1.ft_in1k", 77.592, 93.636, preprocessing=_BICUBIC),
        timm_file(
            "efficientnet_b1.ra4_e3600_r240_in1k",
            80.404,
            95.152,
            preprocessing=_HALF.at(size=240, crop_fraction=0.9),
        ),
    ),
    2: (
        timm_file(
            "efficientnet_b2.ra_in1k", 79.324, 94.582, preprocessing=_BICUBIC.at(size=256)
        ),
    ),
    3: (
        timm_file(
            "efficientnet_b3.ra2_in1k", 81.472, 95.696, preprocessing=_BICUBIC.at(size=288)
        ),
    ),
    4: (
        timm_file(
            "efficientnet_b4.ra2_in1k", 82.658, 96.134, preprocessing=_BICUBIC.at(size=320)
        ),
    ),
    5: (
        timm_file(
            "efficientnet_b5.sw_in12k_ft_in1k",
            85.894,
            97.742,
            origin="timm",
            preprocessing=_BICUBIC.at(size=448, crop_fraction=1.0),
            note=_CROP_MODE,
        ),
    ),
}


def _efficientnet(phi: int) -> Card:
    origins = ("keras", "torch", "tf", *(("timm",) if phi >= 5 else ()))
    return Card(
        name=f"efficientnet_b{phi}",
        task="classification",
        title="EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        paper="https://arxiv.org/abs/1905.11946",
        year=2019,
        parameters=dict.fromkeys(origins, _PARAMETERS[phi]),
        gmacs=_GMACS[phi],
        input_size=_SIZES[phi],
        minimum_size=32,
        weights=(_keras(phi), _torchvision(phi), *_tf(phi), *_TIMM.get(phi, ())),
        default_origin="keras",
        preprocessing=_authors(phi),  # of "timm" B6 and B7, which nobody published
    )


CARDS = tuple(_efficientnet(phi) for phi in range(8))
