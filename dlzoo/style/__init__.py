"""Neural style transfer: what one picture shows, painted as another one is."""

from dlzoo.style.networks import Layers, default_layers, feature_network
from dlzoo.style.objective import Objective, Terms
from dlzoo.style.running import Step
from dlzoo.style.stylizing import stylize

__all__ = [
    "Layers",
    "Objective",
    "Step",
    "Terms",
    "default_layers",
    "feature_network",
    "stylize",
]
