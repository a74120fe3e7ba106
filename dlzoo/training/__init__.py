"""The training engine and the practice around it; it knows of no task.

Stages, freezing, caching, checkpoints; splits, diagnosis, error analysis, penalties, rates,
search of hyperparameters, ensembles.
"""

from dlzoo.layers.inside import sublayers
from dlzoo.training import space
from dlzoo.training.averages import ewa
from dlzoo.training.batches import Batches
from dlzoo.training.choosing import Choice, choose, weighted_error
from dlzoo.training.collapse import CollapseGuard
from dlzoo.training.decay import decay_kernels
from dlzoo.training.diagnosis import Diagnosis, diagnose
from dlzoo.training.ensembles import Snapshots, ensemble
from dlzoo.training.error_analysis import Case, ErrorAnalysis, Tag, error_analysis
from dlzoo.training.freezing import (
    batch_normalizations,
    changing_variables,
    limit_batch_norm_momentum,
    network_stages,
    train_only,
)
from dlzoo.training.inference import forward, jit_compile, stored, weights_digest
from dlzoo.training.mislabelled import likely_mislabelled
from dlzoo.training.precision import set_policy
from dlzoo.training.rates import InverseSqrtDecay
from dlzoo.training.run_folder import RunFolder
from dlzoo.training.schedule import Schedule
from dlzoo.training.search_result import SearchResult, SearchTrial
from dlzoo.training.searching import search, search_objective
from dlzoo.training.seeding import seeded
from dlzoo.training.splitting import Split, split
from dlzoo.training.trainer import Stage, Trainable, Trainer

__all__ = [
    "Batches",
    "Case",
    "Choice",
    "CollapseGuard",
    "Diagnosis",
    "ErrorAnalysis",
    "InverseSqrtDecay",
    "RunFolder",
    "Schedule",
    "SearchResult",
    "SearchTrial",
    "Snapshots",
    "Split",
    "Stage",
    "Tag",
    "Trainable",
    "Trainer",
    "batch_normalizations",
    "changing_variables",
    "choose",
    "decay_kernels",
    "diagnose",
    "ensemble",
    "error_analysis",
    "ewa",
    "forward",
    "jit_compile",
    "likely_mislabelled",
    "limit_batch_norm_momentum",
    "network_stages",
    "search",
    "search_objective",
    "seeded",
    "set_policy",
    "space",
    "split",
    "stored",
    "sublayers",
    "train_only",
    "weighted_error",
    "weights_digest",
]
