"""Images in: files, folders by class, with masks or boxes, CSVs, TensorFlow Datasets."""

from dlzoo.data.border_weights import border_weight_maps, border_weights
from dlzoo.data.box_dataset import open_boxes
from dlzoo.data.box_examples import BoxDataset, BoxExamples
from dlzoo.data.chosen import Chosen, choose_targets
from dlzoo.data.dataset import Examples, ImageDataset, open_images
from dlzoo.data.decoded import decode
from dlzoo.data.digits import write_digits
from dlzoo.data.fitting import fit_image
from dlzoo.data.identities import PeopleDataset, PeopleExamples, open_people
from dlzoo.data.images import read_image
from dlzoo.data.mask_codes import MaskCode
from dlzoo.data.mask_dataset import open_masks
from dlzoo.data.mask_examples import (
    MaskDataset,
    MaskExamples,
    decode_pairs,
    median_frequency_weights,
    read_mask,
)
from dlzoo.data.person_sampler import deal_people
from dlzoo.data.tables import Table, read_table
from dlzoo.data.target_dataset import TargetDataset, TargetExamples
from dlzoo.data.targets import Target

__all__ = [
    "BoxDataset",
    "BoxExamples",
    "Chosen",
    "Examples",
    "ImageDataset",
    "MaskCode",
    "MaskDataset",
    "MaskExamples",
    "PeopleDataset",
    "PeopleExamples",
    "Table",
    "Target",
    "TargetDataset",
    "TargetExamples",
    "border_weight_maps",
    "border_weights",
    "choose_targets",
    "deal_people",
    "decode",
    "decode_pairs",
    "fit_image",
    "median_frequency_weights",
    "open_boxes",
    "open_images",
    "open_masks",
    "open_people",
    "read_image",
    "read_mask",
    "read_table",
    "write_digits",
]
