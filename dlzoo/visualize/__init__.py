"""Pictures: learning curves, confusion matrices, scores of labels, boxes, galleries of images,
and what networks look at.

Those that ask a network arrive when used: they import Keras, which imports pyplot.
"""

import importlib
from typing import TYPE_CHECKING

from dlzoo.visualize.bars import label_scores
from dlzoo.visualize.box_drawing import class_colours, draw_boxes
from dlzoo.visualize.confusion import confusion_matrix
from dlzoo.visualize.contact_sheet import contact_sheet
from dlzoo.visualize.curves import learning_curves
from dlzoo.visualize.figures import new_figure, save_figure
from dlzoo.visualize.gallery import gallery
from dlzoo.visualize.precision_curves import precision_recall_curves
from dlzoo.visualize.scatter import true_against_predicted
from dlzoo.visualize.search import search_history, search_parameters

if TYPE_CHECKING:
    from dlzoo.visualize.attention import HeatMap, grad_cam, saliency
    from dlzoo.visualize.exciting import Patch, TopPatches, top_patches
    from dlzoo.visualize.heat_overlay import overlay, show_cam
    from dlzoo.visualize.kernels import activations, filters
    from dlzoo.visualize.patch_pages import show_patches
    from dlzoo.visualize.receptive import ReceptiveField, receptive_field

_HOME = {  # public name -> module that defines it; none may be named like what it defines
    "HeatMap": "attention",
    "Patch": "exciting",
    "ReceptiveField": "receptive",
    "TopPatches": "exciting",
    "activations": "kernels",
    "filters": "kernels",
    "grad_cam": "attention",
    "overlay": "heat_overlay",
    "receptive_field": "receptive",
    "saliency": "attention",
    "show_cam": "heat_overlay",
    "show_patches": "patch_pages",
    "top_patches": "exciting",
}

__all__ = [
    "HeatMap",
    "Patch",
    "ReceptiveField",
    "TopPatches",
    "activations",
    "class_colours",
    "confusion_matrix",
    "contact_sheet",
    "draw_boxes",
    "filters",
    "gallery",
    "grad_cam",
    "label_scores",
    "learning_curves",
    "new_figure",
    "overlay",
    "precision_recall_curves",
    "receptive_field",
    "saliency",
    "save_figure",
    "search_history",
    "search_parameters",
    "show_cam",
    "show_patches",
    "top_patches",
    "true_against_predicted",
]


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
