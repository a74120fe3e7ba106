"""Neural style transfer: what one picture shows, painted as another one is."""

from dlzoo.style.adain_training import train_adain
from dlzoo.style.fast import FastStylized, stylize_fast
from dlzoo.style.fast_report import FastReport
from dlzoo.style.fast_run import FastTrained
from dlzoo.style.networks import Layers, default_layers, feature_network
from dlzoo.style.objective import Objective, Terms
from dlzoo.style.running import Step
from dlzoo.style.style_training import train_style
from dlzoo.style.stylizing import stylize

__all__ = [
    "FastReport",
    "FastStylized",
    "FastTrained",
    "Layers",
    "Objective",
    "Step",
    "Terms",
    "default_layers",
    "feature_network",
    "stylize",
    "stylize_fast",
    "train_adain",
    "train_style",
]
