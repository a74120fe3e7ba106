"""Detection: where the objects of an image are, and what they are."""

from dlzoo.detection import boxes
from dlzoo.detection.two_stage import training_losses, training_network, truth

__all__ = ["boxes", "training_losses", "training_network", "truth"]
