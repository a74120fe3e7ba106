"""Whose face it is, by embeddings: what the training engine has to know about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo.data import PeopleDataset, decode
from dlzoo.faces import train_pictures
from dlzoo.faces.networks import FaceNetwork
from dlzoo.faces.objectives import apart, chosen_loss
from dlzoo.faces.person_batches import PersonBatches
from dlzoo.faces.settings import FaceSettings
from dlzoo.faces.train_report import FaceReport, HardPair
from dlzoo.faces.train_scores import hardest_pairs, quick_scores, sampled, score_people
from dlzoo.metrics import EmbeddingSpread
from dlzoo.training import CollapseGuard, forward
from dlzoo.training.diagnosis import diagnose_by_split
from dlzoo.training.image_augmentation import augmentation
from dlzoo.training.task import Task

_PAIRS = 3  # of each kind that are named and shown


@dataclass(frozen=True)
class FaceAnswers:
    """What was answered to a split: embeddings of the images `numbers` of it."""

    vectors: np.ndarray
    numbers: np.ndarray


class FaceTask(Task):
    """Embeddings in which one person's images are near and others' far.

    Args:
        dataset: From `open_people`.
        settings: How to train.
        network: What is trained.
    """

    name = "faces"
    curves = ("loss", "auc", "separation")
    loss_on_dev = False  # it depends on who meets in a batch, and ArcFace's knows no others

    def __init__(self, dataset: PeopleDataset, settings: FaceSettings, network: FaceNetwork):
        self.dataset: PeopleDataset = dataset
        self.settings = settings
        self.network = network

    @property
    def config(self):
        return {"dimensions": self._dimensions}

    def images(self, split, size):
        return decode(self.dataset.splits[split].paths, size)

    def targets(self, split):
        return self.dataset.splits[split].labels.astype("int32")

    def batches(self, inputs, batch_size, **options):
        labels, images = self.targets("train"), self.settings.images_per_person
        return PersonBatches(inputs, labels, batch_size, images=images, **options)

    def callbacks(self):
        margin = apart(self.loss())
        return [] if margin is None else [CollapseGuard(margin)]

    def augmentation(self, seed):
        return augmentation(self.settings.augment, seed)

    def loss(self):
        return chosen_loss(self.settings)

    def metrics(self):
        # the network normalises where the loss wants it
        return [] if apart(self.loss()) is None else [EmbeddingSpread(normalize=False)]

    def measure(self, network, images):
        """AUC of the pairs of dev people, of the network as it is."""
        model = network.embedder()
        labels = self.targets("dev")
        chosen = sampled(labels, seed=self.settings.seed)
        images = images if len(chosen) == len(labels) else images[chosen]

        def scores():
            vectors = forward(model, images, self.forward_batch, what="Measuring the AUC")
            return quick_scores(network.distances, vectors, labels[chosen])

        return scores

    def score(self, logs):
        """AUC on dev; of equal ones, the larger separation."""
        return logs["val_auc"], logs["val_separation"]

    def answers(self, scores):
        return scores

    def test(self, model, images, split):
        chosen = sampled(self.targets(split), seed=self.settings.seed)
        images = images if len(chosen) == len(images) else images[chosen]
        embedder = self._finished_embedder
        vectors = forward(embedder, images, self.forward_batch, what=f"Testing on {split}")
        return FaceAnswers(vectors, chosen)

    def finished(self, network):
        self._finished_embedder = network.embedder()
        return network.finished(self._finished_embedder)

    def report(self, answers, **facts):
        splits = {
            split: score_people(
                self.network.distances, found.vectors, self.targets(split)[found.numbers]
            )
            for split, found in answers.items()
        }
        errors = {name: 1 - score.auc for name, score in splits.items()}
        return FaceReport(
            dimensions=self._dimensions,
            splits=splits,
            diagnosis=diagnose_by_split(errors, None),
            worst=tuple(self._worst(answers)),
            **facts,
        )

    def report_from(self, values: Mapping[str, Any]):
        return FaceReport.from_dict(values)

    def draw(self, report, answers, folder):
        split = report.headline
        found = answers[split]
        labels = self.targets(split)[found.numbers]
        distances = self.network.distances(found.vectors, found.vectors)
        train_pictures.draw(report, distances, labels, folder)

    @property
    def _dimensions(self):
        dense = self.network.dense
        return self.network.body.output.shape[-1] if dense is None else dense.units

    def _worst(self, answers):
        for split in ("dev", "test"):
            if split not in answers:
                continue
            found, part = answers[split], self.dataset.splits[split]
            labels = self.targets(split)[found.numbers]
            matrix = self.network.distances(found.vectors, found.vectors)
            for distance, one, other, same in hardest_pairs(matrix, labels, _PAIRS):
                first, second = (str(part.paths[found.numbers[i]]) for i in (one, other))
                yield HardPair(split, distance, same, first, second)
