"""One fine-tuning of a classifier: its data, its stages, for the engine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from dlzoo.classification.augmentation import augmentation, without_names
from dlzoo.classification.networks import Classifier
from dlzoo.classification.settings import Settings
from dlzoo.classification.task import Task
from dlzoo.data import decode
from dlzoo.layers import ImagePreprocessing
from dlzoo.training import (
    Batches,
    RunFolder,
    Stage,
    Trainable,
    Trainer,
    forward,
    limit_batch_norm_momentum,
    network_stages,
    seeded,
    set_policy,
    stored,
    sublayers,
    train_only,
    weights_digest,
)

_FORWARD_BATCH = 64  # images at once where nothing is learnt
_VECTORS_BATCH = 1024  # the same for cached features


class Run:
    """Brings what the engine needs and remembers what is used more than once."""

    def __init__(
        self,
        classifier: Classifier,
        task: Task,
        settings: Settings,
        size: tuple[int, int],
        folder: RunFolder,
    ):
        self.classifier = classifier
        self.task = task
        self.dataset = task.dataset
        self.settings = settings
        self.size = size
        self.folder = folder
        self.seconds: dict[str, float] = {}
        self._images: dict[str, Any] = {}
        self._body_digest = weights_digest(
            classifier.body, name=classifier.name, size=size, **self._scaling()
        )
        self.plan = self._make_plan()

    @property
    def config(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "task": "classification",
            "model": self.classifier.name,
            "pretrained": self.classifier.pretrained,
            "body": self._body_digest,
            "data": self.dataset.fingerprint,
            "image_size": list(self.size),
            "backend": keras.backend.backend(),
            "settings": self.settings.to_dict(),
            **self.task.config,
        }

    def train(self) -> tuple[dict[str, Any], ...]:
        """Run the stages; afterwards the classifier holds the best weights."""
        trainer = Trainer(
            self.folder.checkpoint,
            score=self.task.score if "dev" in self.dataset.splits else None,
            patience=self.settings.patience,
        )
        history = trainer.run(self.plan)
        for record in history:
            spent = self.seconds.get(record["stage"], 0.0)
            self.seconds[record["stage"]] = spent + record["seconds"]
        return history

    def answers(self, split: str, finished: keras.Model) -> Any:
        """What the finished classifier answers to a split."""
        if self._body_is_unchanged():
            return self.task.answers(self._head_scores(self._vectors(split)))
        what = f"Testing on {split}"
        return forward(finished, self._decoded(split), _FORWARD_BATCH, what=what)

    def finish_model(self) -> keras.Model:
        """The classifier with everything inside, in float32."""
        set_policy(self.classifier.body, "float32")
        return self.task.finished(self.classifier)

    def _make_plan(self):
        settings, body = self.settings, self.classifier.body
        if not self.classifier.pretrained:
            return [Stage("all layers", self._everything, settings.scratch_schedule())]
        stages = network_stages(body)
        count = settings.tuned_stages(len(self.dataset.splits["train"]), len(stages))
        plan = [Stage("head", self._head, settings.head_schedule())]
        if count:
            name = "all layers" if count == len(stages) else f"last {count} stages"
            layers = [layer for stage in stages[-count:] for layer in stage]
            plan.append(Stage(name, lambda: self._tuned(layers), settings.tuning_schedule()))
        return plan

    def _head(self):
        """The head on what the frozen body answers."""
        self._set_precision()
        model = self.classifier.head_model(self.settings.dropout, self.settings.seed)
        train_only(model, [self.classifier.head])
        return self._trainable(model, self._vectors, 0, _VECTORS_BATCH)

    def _tuned(self, layers):
        """Head and some layers of the pretrained body."""
        model = self._whole_model()
        freeze = self.settings.freeze_batch_norm
        train_only(model, [*layers, self.classifier.head], freeze_batch_norm=freeze)
        return self._trainable(model, self._decoded, 1)

    def _everything(self):
        """All layers from scratch, batch normalisation, too."""
        model = self._whole_model()
        model.trainable = True
        return self._trainable(model, self._decoded, 0)

    def _whole_model(self):
        self._set_precision()
        seed = self.settings.seed
        with seeded(seed):
            layer = augmentation(self.settings.augment, 100 * seed + 1)
        return self.classifier.whole_model(layer, self.settings.dropout, seed)

    def _trainable(self, model, inputs, stage, dev_batch=_FORWARD_BATCH):
        task, settings = self.task, self.settings
        train = Batches(
            inputs("train"),
            task.targets("train"),
            settings.batch_size,
            weights=task.weights("train"),
            seed=(settings.seed, stage),
        )
        dev = None
        if "dev" in self.dataset.splits:
            dev = Batches(inputs("dev"), task.targets("dev"), dev_batch)
        limit_batch_norm_momentum(model, len(train))
        return Trainable(model, train, dev, task.loss(), task.metrics())

    def _set_precision(self):
        if self.settings.mixed_bfloat16:
            body = self.classifier.body
            scaling = [x for x in sublayers(body) if isinstance(x, ImagePreprocessing)]
            set_policy(body, "mixed_bfloat16", keep=scaling)

    def _decoded(self, split):
        """The images of a split; those that training needs stay in memory."""
        if split in self._images:
            return self._images[split]
        with self._timed("decoding"):
            images = decode(self.dataset.splits[split], self.size)
        if split in ("train", "dev"):
            self._images[split] = images
        return images

    def _vectors(self, split):
        """What the frozen body answers, kept on disk until the run has ended."""
        precision = "bfloat16" if self.settings.mixed_bfloat16 else "float32"
        path = self.folder.cache / f"{self._body_digest[:16]}-{precision}-{split}.npy"

        def compute():
            images = self._decoded(split)
            with self._timed("features"):
                what = f"Features of {split}"
                return forward(self.classifier.body, images, _FORWARD_BATCH, what=what)

        return stored(path, compute)

    def _body_is_unchanged(self):
        """Whether cached features still are what the finished network computes."""
        return (
            len(self.plan) == 1
            and self.classifier.pretrained
            and (not self.settings.mixed_bfloat16)
        )

    def _head_scores(self, vectors):
        kernel, bias = self.classifier.head.kernel, self.classifier.head.bias
        scores = vectors @ keras.ops.convert_to_numpy(kernel)
        return scores if bias is None else scores + keras.ops.convert_to_numpy(bias)

    def _scaling(self):
        layers = sublayers(self.classifier.body)
        found = [x.get_config() for x in layers if isinstance(x, ImagePreprocessing)]
        return {"preprocessing": without_names(found)}

    @contextmanager
    def _timed(self, what) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[what] = self.seconds.get(what, 0.0) + spent
