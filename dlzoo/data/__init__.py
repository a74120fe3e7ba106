"""Images in: single files, folders by class, lists, and TensorFlow Datasets."""

from dlzoo.data.dataset import Examples, ImageDataset, open_images
from dlzoo.data.decoded import decode
from dlzoo.data.digits import write_digits
from dlzoo.data.images import read_image

__all__ = [
    "Examples",
    "ImageDataset",
    "decode",
    "open_images",
    "read_image",
    "write_digits",
]
