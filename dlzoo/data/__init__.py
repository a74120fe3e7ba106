"""Images in: single files, folders by class, lists, CSVs, and TensorFlow Datasets."""

from dlzoo.data.chosen import Chosen, choose_targets
from dlzoo.data.dataset import Examples, ImageDataset, open_images
from dlzoo.data.decoded import decode
from dlzoo.data.digits import write_digits
from dlzoo.data.images import read_image
from dlzoo.data.tables import Table, read_table
from dlzoo.data.target_dataset import TargetDataset, TargetExamples
from dlzoo.data.targets import Target

__all__ = [
    "Chosen",
    "Examples",
    "ImageDataset",
    "Table",
    "Target",
    "TargetDataset",
    "TargetExamples",
    "choose_targets",
    "decode",
    "open_images",
    "read_image",
    "read_table",
    "write_digits",
]
