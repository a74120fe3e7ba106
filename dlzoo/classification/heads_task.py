"""What a table says about images: a head a column, all on the same vector."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlzoo.classification.heads import HEADS, HeadsLoss, PackedTargets
from dlzoo.classification.heads.head import known
from dlzoo.classification.heads.loss import columns_of
from dlzoo.classification.heads.parts import dense_part, plain_names
from dlzoo.classification.heads_report import HeadsReport, Miss
from dlzoo.classification.image_task import ImageTask
from dlzoo.classification.settings import ClassSettings
from dlzoo.data import TargetDataset, read_image
from dlzoo.models import Network
from dlzoo.training.diagnosis import diagnose_by_split
from dlzoo.visualize import gallery, save_figure

_MISTAKES = 10
_AT_LEAST = 3  # mistakes of each target, where there are many


class HeadsTask(ImageTask):
    """Binary, multi-class, multi-label and regression heads; several are learnt at once.

    While it is trained the network has one dense layer, whose scores the heads share; the
    finished model has one a head.
    """

    dataset: TargetDataset

    def __init__(self, dataset: TargetDataset, settings: ClassSettings, human_error: Any):
        if settings.class_weights is not None:
            raise ValueError(
                "fine_tune: class_weights must be None here, because they are for one column "
                f"of classes and the data have {dataset.targets}."
            )
        super().__init__(dataset, settings, human_error)
        train = dataset.splits["train"].values
        self.heads = [
            HEADS[target.kind](target, train[target.name], settings.label_smoothing)
            for target in dataset.targets
        ]
        self._columns = columns_of(self.heads)
        self.outputs = self._columns[-1].stop
        self.names = plain_names([target.name for target in dataset.targets])
        alone = len(self.heads) == 1
        self._metrics = [
            head.metric_name if alone else f"{name}_{head.metric_name}"
            for head, name in zip(self.heads, self.names, strict=True)
        ]
        self.curves = ("loss", *self._metrics)

    @property
    def config(self):
        targets = {head.target.name: head.target.kind for head in self.heads}
        return {"targets": targets} | super().config

    @property
    def takes_human_error(self):
        names = {head.target.name for head in self.heads}
        if isinstance(self.human_error, Mapping):
            return set(self.human_error) <= names
        return len(names) == 1

    def targets(self, split):
        values = self.dataset.splits[split].values
        return PackedTargets(self.heads, [values[head.target.name] for head in self.heads])

    def loss(self):
        return HeadsLoss(self.heads)

    def metrics(self):
        parts = zip(self.heads, self._columns, self._metrics, strict=True)
        return [head.metric(columns, name) for head, columns, name in parts]

    def score(self, logs):
        """The mean over the heads of each one's merit on dev; of equal ones, the lower loss.

        Merit is accuracy (binary, multi-class), macro F1 (multi-label), or minus the RMSE in
        standard deviations (regression).
        """
        parts = zip(self.heads, self._metrics, strict=True)
        merits = [head.merit(logs[f"val_{name}"]) for head, name in parts]
        return sum(merits) / len(merits), -logs["val_loss"]

    def answers(self, scores):
        parts = [
            head.answers(scores[:, columns])
            for head, columns in zip(self.heads, self._columns, strict=True)
        ]
        return self._by_name(parts)

    def finished(self, network):
        vector = network.body.output
        taken = {layer.name for layer in network.body.layers}
        parts = []
        for head, columns, name in zip(self.heads, self._columns, self.names, strict=True):
            while name in taken or f"{name}_score" in taken:
                name += "_"
            dense = dense_part(network.head, columns, head.activation, f"{name}_score")
            parts.append(head.finish(dense(vector), name))
        return Network(network.body.input, self._by_name(parts), name=network.name)

    def report(self, answers, **facts):
        scores = {split: dict(self._evaluated(split, answers[split])) for split in answers}
        human_error = self.human_error
        if not isinstance(human_error, Mapping):
            human_error = {head.target.name: human_error for head in self.heads}
        diagnoses = {}
        for head in self.heads:
            name = head.target.name
            errors = {
                split: 1 - found[name].accuracy
                for split, found in scores.items()
                if name in found and hasattr(found[name], "accuracy")
            }
            if "train" in errors:
                diagnoses[name] = diagnose_by_split(errors, human_error.get(name))
        return HeadsReport(
            targets=self.dataset.targets,
            splits=scores,
            diagnoses=diagnoses,
            mistakes=tuple(self._mistakes(answers)),
            **facts,
        )

    def report_from(self, values):
        return HeadsReport.from_dict(values)

    def draw(self, report, answers, folder):
        split = report.headline
        values = self.dataset.splits[split].values
        for head, name in zip(self.heads, self.names, strict=True):
            key = head.target.name
            if key not in report.scores:
                continue
            suffix = "" if len(self.heads) == 1 else f"_{name}"
            title = f"{key}, {split}" if suffix else split
            given = self._answer(answers[split], key)
            figure = head.draw(report.scores[key], values[key], given, title)
            save_figure(figure, folder / f"{head.picture}{suffix}.png")
        images = [read_image(miss.path) for miss in report.mistakes]
        captions = [f"{m.target}: {m.true}\ntaken for {m.predicted}" for m in report.mistakes]
        figure = gallery(images, captions, title="The worst mistakes on dev and test")
        save_figure(figure, folder / "mistakes.png")

    def _by_name(self, parts):
        """One part alone, several by the name of the target."""
        if len(parts) == 1:
            return parts[0]
        return {head.target.name: part for head, part in zip(self.heads, parts, strict=True)}

    def _answer(self, answers, name):
        return answers[name] if isinstance(answers, dict) else answers

    def _evaluated(self, split, answers):
        """Name and scores of each target of which something is known in the split."""
        for head in self.heads:
            name = head.target.name
            values = self.dataset.splits[split].values[name]
            if known(values).any():
                yield name, head.evaluate(values, self._answer(answers, name))

    def _mistakes(self, answers):
        """The worst of each target, on dev and test together."""
        most = max(_AT_LEAST, _MISTAKES // len(self.heads))
        for head in self.heads:
            name, found = head.target.name, []
            for split in ("dev", "test"):
                if split not in answers:
                    continue
                examples = self.dataset.splits[split]
                values, given = examples.values[name], self._answer(answers[split], name)
                severity, decided = head.severity(values, given), head.decide(given)
                for i in np.flatnonzero(severity > 0):
                    words = head.target.text(values[i]), head.target.text(decided[i])
                    miss = Miss(name, split, str(examples.paths[i]), *words)
                    found.append((float(severity[i]), miss))
            found.sort(key=lambda pair: -pair[0])
            yield from (miss for _, miss in found[:most])
