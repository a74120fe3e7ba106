"""Neural style transfer: what one picture shows, painted as another one is."""

from dlzoo.style.networks import Layers, default_layers, feature_network

__all__ = ["Layers", "default_layers", "feature_network"]
