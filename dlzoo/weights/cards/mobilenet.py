"""MobileNet: what is published where."""

from dlzoo.weights.facts import INCEPTION, Card, Weights
from dlzoo.weights.publishers import keras_file, timm_file

# Width, size of the images, top-1, top-5: github.com/tensorflow/models, research/slim/nets/
# mobilenet_v1.md. keras.applications' files hold these checkpoints.
_SLIM = (
    (1.0, 224, 70.9, 89.9),
    (0.75, 224, 68.4, 88.2),
    (0.5, 224, 63.3, 84.9),
    (0.25, 224, 49.8, 74.2),
    (1.0, 192, 70.0, 89.2),
    (0.75, 192, 67.2, 87.3),
    (0.5, 192, 61.7, 83.6),
    (0.25, 192, 47.7, 72.3),
    (1.0, 160, 68.0, 87.7),
    (0.75, 160, 65.3, 86.0),
    (0.5, 160, 59.1, 81.9),
    (0.25, 160, 45.5, 70.3),
    (1.0, 128, 65.2, 85.8),
    (0.75, 128, 62.1, 83.9),
    (0.5, 128, 56.3, 79.4),
    (0.25, 128, 41.5, 66.3),
)
_ALPHAS = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}  # in the names of the files


def _keras_mobilenet(alpha: float, size: int, top1: float, top5: float) -> Weights:
    """ "imagenet" was trained at 224 px, "imagenet_192" and so on at fewer."""
    note = "accuracy of the TensorFlow checkpoint it was made of"
    if (alpha, size) == (1.0, 224):  # the only one that keras.io measured
        top1, top5, note = 70.4, 89.5, ""
    return keras_file(
        f"mobilenet/mobilenet_{_ALPHAS[alpha]}_{size}_tf.h5",
        None,  # keras.applications publishes no hash for these
        top1,
        top5,
        INCEPTION.at(size=size),
        "Apache-2.0",
        name="imagenet" if size == 224 else f"imagenet_{size}",
        note=note,
        alpha=alpha,
    )


CARDS = (
    Card(
        name="mobilenet",
        task="classification",
        title="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision "
        "Applications",
        paper="https://arxiv.org/abs/1704.04861",
        year=2017,
        parameters={"keras": 4_231_976, "torch": 4_231_976},
        gmacs=0.569,
        input_size=224,
        minimum_size=32,
        weights=(
            *(_keras_mobilenet(*row) for row in _SLIM),
            timm_file(
                "mobilenetv1_100.ra4_e3600_r224_in1k",
                75.388,
                92.310,
                preprocessing=INCEPTION.at(interpolation="bicubic"),
                alpha=1.0,
            ),
            timm_file(
                "mobilenetv1_125.ra4_e3600_r224_in1k",
                76.920,
                93.232,
                preprocessing=INCEPTION.at(interpolation="bicubic", crop_fraction=0.9),
                alpha=1.25,
            ),
        ),
        default_origin="keras",
    ),
)
