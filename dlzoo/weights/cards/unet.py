"""U-Net: what is published where. Parameters are for RGB images and two classes."""

from dlzoo.weights.facts import Card, Preprocessing, Weights

# milesial/Pytorch-UNet, hubconf.py and utils/data_loading.py: pixels / 255, nothing else.
_PIXELS = Preprocessing(1 / 255, (0.0,), (1.0,), size=640, crop_fraction=1.0)
_RELEASE = "https://github.com/milesial/Pytorch-UNet/releases/download/v3.0"


def _carvana(name: str, scale: float, note: str) -> Weights:
    filename = f"unet_carvana_scale{scale}_epoch2.pth"
    return Weights(
        name=name,
        origin="torch",
        url=f"{_RELEASE}/{filename}",
        filename=filename,
        hash=None,
        megabytes=None,
        top1=None,
        top5=None,
        licence="GPL-3.0",
        preprocessing=_PIXELS.at(size=int(1280 * scale), interpolation="bicubic"),
        labels="",
        options={"width": None, "upsampling": "transposed"},
        note=f"Cars and background, for Carvana's photographs of 1918 x 1280 {note}.",
    )


CARDS = (
    Card(
        name="unet",
        task="segmentation",
        title="U-Net: Convolutional Networks for Biomedical Image Segmentation",
        paper="https://arxiv.org/abs/1505.04597",
        year=2015,
        parameters={"torch": 31_037_698, "paper": 31_031_810, "course": 8_639_778},
        # Counted, nobody publishes it; the course's at 576 pixels, a multiple of 16.
        gmacs=238.837,
        origin_gmacs={"paper": 150.803, "course": 67.576},
        input_size=572,
        minimum_size=16,
        weights=(
            _carvana("carvana", 0.5, "made half as large; Dice 0.988"),
            _carvana("carvana_full", 1.0, "as they are"),
        ),
        default_origin="torch",
        classes=2,
        preprocessing=_PIXELS.at(size=572),
    ),
    Card(
        name="unet_backbone",
        task="segmentation",
        title="U-Net: Convolutional Networks for Biomedical Image Segmentation",
        paper="https://arxiv.org/abs/1505.04597",
        year=2015,
        # segmentation_models_pytorch's Unet with ResNet-34: 24,436,369 for one class.
        parameters={"torch": 24_436_514},
        gmacs=5.990,
        input_size=224,
        minimum_size=32,
        weights=(),  # the encoder's are on the card of the backbone
        default_origin="torch",
        classes=2,
    ),
)
