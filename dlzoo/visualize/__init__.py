"""Pictures: learning curves, confusion matrices, scores of labels, galleries of images."""

from dlzoo.visualize.bars import label_scores
from dlzoo.visualize.confusion import confusion_matrix
from dlzoo.visualize.contact_sheet import contact_sheet
from dlzoo.visualize.curves import learning_curves
from dlzoo.visualize.figures import new_figure, save_figure
from dlzoo.visualize.gallery import gallery
from dlzoo.visualize.scatter import true_against_predicted
from dlzoo.visualize.search import search_history, search_parameters

__all__ = [
    "confusion_matrix",
    "contact_sheet",
    "gallery",
    "label_scores",
    "learning_curves",
    "new_figure",
    "save_figure",
    "search_history",
    "search_parameters",
    "true_against_predicted",
]
