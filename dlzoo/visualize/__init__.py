"""Pictures: learning curves, confusion matrices, galleries of images."""

from dlzoo.visualize.confusion import confusion_matrix
from dlzoo.visualize.contact_sheet import contact_sheet
from dlzoo.visualize.curves import learning_curves
from dlzoo.visualize.figures import new_figure, save_figure
from dlzoo.visualize.gallery import gallery
from dlzoo.visualize.search import search_history, search_parameters

__all__ = [
    "confusion_matrix",
    "contact_sheet",
    "gallery",
    "learning_curves",
    "new_figure",
    "save_figure",
    "search_history",
    "search_parameters",
]
