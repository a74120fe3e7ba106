"""Networks: functions that return a functional `keras.Model`, one family a file."""

from dlzoo.models.adain import adain
from dlzoo.models.alexnet import alexnet
from dlzoo.models.classifier import build
from dlzoo.models.darknet_files import write_darknet
from dlzoo.models.efficientnet import (
    efficientnet_b0,
    efficientnet_b1,
    efficientnet_b2,
    efficientnet_b3,
    efficientnet_b4,
    efficientnet_b5,
    efficientnet_b6,
    efficientnet_b7,
)
from dlzoo.models.facenet import facenet
from dlzoo.models.fast_rcnn import fast_rcnn
from dlzoo.models.faster_rcnn import faster_rcnn
from dlzoo.models.fully_convolutional import dense_to_conv
from dlzoo.models.googlenet import googlenet
from dlzoo.models.lenet5 import lenet5
from dlzoo.models.loading import load_weights
from dlzoo.models.localizer import localizer
from dlzoo.models.mlp import mlp
from dlzoo.models.mobilefacenet import mobilefacenet
from dlzoo.models.mobilenet import mobilenet
from dlzoo.models.mobilenet_v2 import mobilenet_v2
from dlzoo.models.mtcnn import MTCNN, mtcnn, mtcnn_onet, mtcnn_pnet, mtcnn_rnet
from dlzoo.models.network import AuxiliaryNetwork, Network
from dlzoo.models.openface import openface_nn4_small2
from dlzoo.models.profiles import LayerProfile, Profile
from dlzoo.models.profiling import profile
from dlzoo.models.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from dlzoo.models.siamese import siamese
from dlzoo.models.taps import features, stages
from dlzoo.models.transformer_net import transformer_net
from dlzoo.models.unet import unet
from dlzoo.models.unet_backbone import unet_backbone
from dlzoo.models.vgg import vgg16, vgg19
from dlzoo.models.vgg_small import vgg_small
from dlzoo.models.yolo import yolo
from dlzoo.models.yolo_detecting import yolo_detector, yolo_loss
from dlzoo.models.yolo_v2 import yolo_v2, yolo_v2_tiny
from dlzoo.models.yolo_v3 import yolo_v3, yolo_v3_tiny
from dlzoo.weights import card

__all__ = [
    "MTCNN",
    "AuxiliaryNetwork",
    "LayerProfile",
    "Network",
    "Profile",
    "adain",
    "alexnet",
    "build",
    "create_model",
    "dense_to_conv",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "facenet",
    "fast_rcnn",
    "faster_rcnn",
    "features",
    "googlenet",
    "lenet5",
    "load_weights",
    "localizer",
    "mlp",
    "mobilefacenet",
    "mobilenet",
    "mobilenet_v2",
    "mtcnn",
    "mtcnn_onet",
    "mtcnn_pnet",
    "mtcnn_rnet",
    "openface_nn4_small2",
    "profile",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "siamese",
    "stages",
    "transformer_net",
    "unet",
    "unet_backbone",
    "vgg16",
    "vgg19",
    "vgg_small",
    "write_darknet",
    "yolo",
    "yolo_detector",
    "yolo_loss",
    "yolo_v2",
    "yolo_v2_tiny",
    "yolo_v3",
    "yolo_v3_tiny",
]


def create_model(name, /, weights=None, classes="published", input_shape=None, **options):
    """Build a network by its name; `dlzoo.list_models()` lists them.

    Args:
        name: Of the network, e.g. `"resnet50"`.
        weights, **options: As in the builder `dlzoo.models.<name>`.
        classes: The same; `"published"` for the number that the network was published for,
            and for one that is no classifier.
        input_shape: The same; None for the shape that the network was published with, or
            for the builder's default if it is no classifier.

    Raises:
        ValueError: There is no such network, and similar names are given; or `classes` for
            one that is no classifier.

    Example:
        >>> create_model("resnet18", classes=10, input_shape=(32, 32, 3)).name
        'resnet18'
    """
    facts = card(name)  # knows what to say of an unknown name
    builder = globals()[facts.name]
    if facts.classes is None:
        if classes != "published":
            raise ValueError(
                f"{facts.name}: classes must be left out, because the network is no "
                f"classifier; got {classes!r}."
            )
        shape = {} if input_shape is None else {"input_shape": input_shape}
        return builder(weights, **shape, **options)
    classes = facts.classes if classes == "published" else classes
    if facts.task == "classification":
        input_shape = input_shape or facts.input_shape
    return builder(weights, classes, input_shape, **options)
