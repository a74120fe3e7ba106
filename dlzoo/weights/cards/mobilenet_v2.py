"""MobileNetV2: what is published where."""

from dlzoo.weights.facts import INCEPTION, Card, Weights
from dlzoo.weights.publishers import keras_file, timm_file, torchvision_file


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
