"""The networks that dlzoo is measured against, by dlzoo's names."""

import contextlib

APPLICATIONS = {  # keras.applications
    "resnet50": "ResNet50",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet": "MobileNet",
    "efficientnet_b0": "EfficientNetB0",
}
TIMM = {  # torchvision's wiring, written with torch.nn
    "resnet50": "resnet50",
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet": "mobilenetv1_100",
    "efficientnet_b0": "efficientnet_b0",
}
PAPER = {  # how tables call them
    "resnet50": "ResNet-50",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet": "MobileNet",
    "efficientnet_b0": "EfficientNet-B0",
}
USUAL = ("resnet50", "mobilenet_v2")


def applications_model(name):
    """keras.applications' network with random weights."""
    import keras

    return getattr(keras.applications, APPLICATIONS[name])(weights=None)


@contextlib.contextmanager
def lenient_torchvision():
    """Lets torchvision (which timm needs) be imported without its compiled operators."""
    import torch

    register = torch.library.register_fake

    def lenient(name, *args, **kwargs):
        if isinstance(name, str) and name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)

    torch.library.register_fake = lenient
    try:
        yield
    finally:
        torch.library.register_fake = register


def timm_model(name):
    """timm's network with random weights."""
    with lenient_torchvision():
        import timm
    return timm.create_model(TIMM[name])
