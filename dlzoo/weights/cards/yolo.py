"""YOLO: what is published where, at https://pjreddie.com/darknet/yolo."""

from dlzoo.weights.facts import Card, Preprocessing, Weights

# Darknet's `load_image`: pixels / 255, nothing else.
_PIXELS = Preprocessing(1 / 255, (0.0,), (1.0,), size=416, crop_fraction=1.0)
_FILES = "https://pjreddie.com/media/files"


def _file(name: str, filename: str, size: int, labels: str, note: str) -> Weights:
    return Weights(
        name=name,
        origin="darknet",
        url=f"{_FILES}/{filename}",
        filename=filename,
        hash=None,
        megabytes=round(4 * size / 2**20, 1),
        top1=None,
        top5=None,
        licence="LicenseRef-YOLO",  # "Darknet is public domain. Do whatever you want with it."
        preprocessing=_PIXELS,
        labels=labels,
        note=note,
    )


def _coco(filename: str, size: int, note: str) -> Weights:
    return _file("coco", filename, size, "", note)


def _body(filename: str, size: int) -> Weights:
    return _file("imagenet", filename, size, "", "The body alone, trained on ImageNet.")


_V2 = ("YOLO9000: Better, Faster, Stronger", "https://arxiv.org/abs/1612.08242", 2016)
_V3 = ("YOLOv3: An Incremental Improvement", "https://arxiv.org/abs/1804.02767", 2018)


def _card(
    name: str,
    source: tuple[str, str, int],
    parameters: int,
    gmacs: float,
    *weights: Weights,
) -> Card:
    title, paper, year = source
    return Card(
        name=name,
        task="detection",
        title=title,
        paper=paper,
        year=year,
        parameters={"darknet": parameters},
        gmacs=gmacs,
        input_size=416,
        minimum_size=32,
        weights=weights,
        default_origin="darknet",
        classes=80,
        preprocessing=_PIXELS,
    )


# Darknet prints twice as many billion operations: 29.5, 5.4, 65.9 and 5.6.
CARDS = (
    _card(
        "yolo_v2",
        _V2,
        50_962_889,
        14.732,
        _coco("yolov2.weights", 50_983_561, "AP50 48.1 on COCO test-dev at 608 pixels"),
        _body("darknet19_448.conv.23", 19_831_776),
    ),
    _card(
        "yolo_v2_tiny",
        _V2,
        11_232_057,
        2.703,
        _coco("yolov2-tiny.weights", 11_237_145, "AP50 23.7 on COCO"),
    ),
    _card(
        "yolo_v3",
        _V3,
        61_949_149,
        32.932,
        _coco("yolov3.weights", 62_001_757, "AP50 55.3 on COCO test-dev at 416 pixels"),
        _body("darknet53.conv.74", 40_620_640),
    ),
    _card(
        "yolo_v3_tiny",
        _V3,
        8_852_366,
        2.782,
        _coco("yolov3-tiny.weights", 8_858_734, "AP50 33.1 on COCO"),
    ),
    Card(
        name="yolo",
        task="detection",
        title=_V3[0],
        paper=_V3[1],
        year=_V3[2],
        # Counted, nobody publishes it: MobileNetV2 and the three scales for 80 classes.
        parameters={"keras": 2_109_821},
        gmacs=1.265,
        input_size=416,
        minimum_size=32,
        weights=(),  # the backbone's are on its card
        default_origin="keras",
        classes=80,
    ),
)
