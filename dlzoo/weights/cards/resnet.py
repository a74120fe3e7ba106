"""ResNet: what is published where."""

from dlzoo.weights.facts import CAFFE, Card, Weights
from dlzoo.weights.publishers import keras_file, timm_file, torchvision_file

PAPER_GMACS = {50: 3.8, 101: 7.6, 152: 11.3}  # Table 1


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
        # With the stride on the first 1x1, as in the paper, the 3x3 sees a smaller picture.
        origin_gmacs={"keras": PAPER_GMACS[depth]} if "keras" in parameters else {},
    )


def _keras_resnet(depth: int, md5: str, top1: float, top5: float) -> Weights:
    path = f"resnet/resnet{depth}_weights_tf_dim_ordering_tf_kernels.h5"
    return keras_file(path, md5, top1, top5, CAFFE, "MIT")


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
)
