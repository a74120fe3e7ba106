"""Networks for faces: what is published where."""

from dlzoo.weights.facts import Card, Preprocessing, Weights

# Aligned faces come in the size of the network: nothing is cropped.
_HALF = Preprocessing(1.0, (127.5,), (128.0,), size=112, crop_fraction=1.0)
_FACENET = _HALF.at(size=160)
_SIAMESE = 2_387_841
_RELEASE = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9"


def _facenet(name: str, filename: str, lfw: str) -> Weights:
    return Weights(
        name=name,
        origin="torch",
        url=f"{_RELEASE}/{filename}",
        filename=filename,
        hash=None,  # facenet-pytorch publishes none
        megabytes=None,
        top1=None,
        top5=None,
        licence="MIT",
        preprocessing=_FACENET,
        labels="",
        options={"dimensions": 512},
        note=f"LFW {lfw} (davidsandberg/facenet, whose weights these are); the photographs "
        f"that it learnt from have terms of their own.",
    )


CARDS = (
    Card(
        name="facenet",
        task="faces",
        title="FaceNet: A Unified Embedding for Face Recognition and Clustering",
        paper="https://arxiv.org/abs/1503.03832",
        year=2015,
        parameters={"torch": 23_482_624},  # facenet-pytorch's, 512 dimensions
        gmacs=1.418,
        input_size=160,
        minimum_size=75,
        weights=(
            _facenet("vggface2", "20180402-114759-vggface2.pt", "99.65 %"),
            _facenet("casia-webface", "20180408-102900-casia-webface.pt", "99.05 %"),
        ),
        default_origin="torch",
        classes=None,
    ),
    Card(
        name="openface_nn4_small2",
        task="faces",
        title="OpenFace: A general-purpose face recognition library with mobile applications",
        paper="https://cmusatyalab.github.io/openface/",
        year=2016,
        parameters={"torch": 3_733_968},  # printed in nn4.small2.def.lua
        gmacs=0.200,
        input_size=96,
        minimum_size=65,
        weights=(),  # published in Torch 7's format alone
        default_origin="torch",
        classes=None,
        preprocessing=Preprocessing(1 / 255, (0.0,), (1.0,), size=96, crop_fraction=1.0),
    ),
    Card(
        name="mobilefacenet",
        task="faces",
        title="MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification",
        paper="https://arxiv.org/abs/1804.07573",
        year=2018,
        # Counted for the paper's 112 x 112; it prints 0.99 M and 221 M multiply-adds.
        parameters={"torch": 1_003_136},
        gmacs=0.221,
        input_size=112,
        minimum_size=32,
        weights=(),
        default_origin="torch",
        classes=None,
        preprocessing=_HALF,
    ),
    Card(
        name="siamese",
        task="faces",
        title="DeepFace: Closing the Gap to Human-Level Performance in Face Verification",
        paper="https://www.cs.toronto.edu/~ranzato/publications/taigman_cvpr14.pdf",
        year=2014,
        # Counted: MobileNetV2's body, 128 numbers from its 1280, a weight for each and a bias.
        parameters={"keras": _SIAMESE, "torch": _SIAMESE},
        gmacs=0.599,  # of two images
        input_size=224,
        minimum_size=32,
        weights=(),  # those of its body are on the card of the backbone
        default_origin="keras",
        classes=None,
    ),
)
