"""Pictures: learning curves, confusion matrices, scores of labels, galleries of images,
and what networks look at."""

from dlzoo.visualize.attention import HeatMap, grad_cam, saliency
from dlzoo.visualize.bars import label_scores
from dlzoo.visualize.confusion import confusion_matrix
from dlzoo.visualize.contact_sheet import contact_sheet
from dlzoo.visualize.curves import learning_curves
from dlzoo.visualize.figures import new_figure, save_figure
from dlzoo.visualize.gallery import gallery
from dlzoo.visualize.kernels import activations, filters
from dlzoo.visualize.overlay import overlay, show_cam
from dlzoo.visualize.scatter import true_against_predicted
from dlzoo.visualize.search import search_history, search_parameters

__all__ = [
    "HeatMap",
    "activations",
    "confusion_matrix",
    "contact_sheet",
    "filters",
    "gallery",
    "grad_cam",
    "label_scores",
    "learning_curves",
    "new_figure",
    "overlay",
    "saliency",
    "save_figure",
    "search_history",
    "search_parameters",
    "show_cam",
    "true_against_predicted",
]
