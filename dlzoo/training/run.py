"""One fine-tuning, whatever the task is: its data, its stages, for the trainer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from dlzoo.layers import ImagePreprocessing
from dlzoo.layers.inside import sublayers
from dlzoo.training.augmenting import without_names
from dlzoo.training.batches import Batches
from dlzoo.training.freezing import (
    batch_normalizations,
    limit_batch_norm_momentum,
    network_stages,
    train_only,
)
from dlzoo.training.inference import forward, stored, weights_digest
from dlzoo.training.precision import set_policy
from dlzoo.training.run_folder import RunFolder
from dlzoo.training.seeding import seeded
from dlzoo.training.settings import Settings
from dlzoo.training.task import Task, TrainedNetwork
from dlzoo.training.trainer import Stage, Trainable, Trainer

_FEATURES_BATCH = 1024  # of cached features at once where nothing is learnt


class Run:
    """Brings what the trainer needs and remembers what is used more than once."""

    def __init__(
        self,
        network: TrainedNetwork,
        task: Task,
        settings: Settings,
        size: tuple[int, int],
        folder: RunFolder,
    ):
        self.network = network
        self.task = task
        self.dataset = task.dataset
        self.settings = settings
        self.size = size
        self.folder = folder
        self.seconds: dict[str, float] = {}
        self._images: dict[str, Any] = {}
        self._body_digest = weights_digest(
            network.body, name=network.name, size=size, **self._scaling()
        )
        self.plan = self._make_plan()

    @property
    def config(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "task": self.task.name,
            "model": self.network.name,
            "pretrained": self.network.pretrained,
            "body": self._body_digest,
            "data": self.dataset.fingerprint,
            "image_size": list(self.size),
            "backend": keras.backend.backend(),
            "settings": self.settings.to_dict(),
            **self.task.config,
        }

    def train(self) -> tuple[dict[str, Any], ...]:
        """Run the stages; afterwards the network holds the best weights."""
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
        """What the finished network answers to a split."""
        head = self.network.on_features
        if head is not None and self._body_is_unchanged():
            return self.task.answers(head.head_scores(self._features(split)))
        return self.task.test(finished, self._decoded(split), split)

    def finish_model(self) -> keras.Model:
        """The network with everything inside, in float32."""
        set_policy(self.network.core, "float32")
        return self.task.finished(self.network)

    def _make_plan(self):
        settings, body = self.settings, self.network.body
        if not self.network.pretrained:
            return [Stage("all layers", self._everything, settings.scratch_schedule())]
        stages = network_stages(body)
        count = settings.tuned_stages(len(self.dataset.splits["train"]), len(stages))
        plan = []
        if self.network.head_layers:
            plan = [Stage("head", self._head, settings.head_schedule())]
        elif not count:
            raise ValueError(
                f"fine_tune: unfreeze must let layers of {self.network.name!r} train, because "
                f"it has no head of its own to be trained; got {settings.unfreeze!r}."
            )
        if count:
            name = "all layers" if count == len(stages) else f"last {count} stages"
            layers = [layer for stage in stages[-count:] for layer in stage]
            plan.append(Stage(name, lambda: self._tuned(layers), settings.tuning_schedule()))
        return plan

    def _head(self):
        """The head on what the frozen body answers, computed once if it can be kept."""
        head = self.network.on_features
        if head is None:
            return self._behind_the_body()
        self._set_precision()
        model = head.head_model(self.settings.dropout, self.settings.seed)
        train_only(model, self.network.head_layers, freeze_batch_norm=False)
        return self._trainable(model, self._features, 0, _FEATURES_BATCH)

    def _behind_the_body(self):
        """The head, with the frozen body in front of it."""
        model = self._whole_model()
        self._train_only(model, [])
        return self._trainable(model, self._decoded, 0, change=self.task.change())

    def _tuned(self, layers):
        """Head and some layers of the pretrained body."""
        model = self._whole_model()
        self._train_only(model, layers)
        return self._trainable(model, self._decoded, 1, change=self.task.change())

    def _everything(self):
        """All layers from scratch, batch normalisation, too."""
        model = self._whole_model()
        model.trainable = True
        return self._trainable(model, self._decoded, 0, change=self.task.change())

    def _train_only(self, model, layers):
        """Make the head and these layers of the body trainable."""
        train_only(model, [*layers, *self.network.head_layers], freeze_batch_norm=False)
        if self.settings.freeze_batch_norm:
            for layer in batch_normalizations(self.network.body):
                layer.trainable = False

    def _whole_model(self):
        self._set_precision()
        seed = self.settings.seed
        with seeded(seed):
            layer = self.task.augmentation(100 * seed + 1)
        return self.network.whole_model(layer, self.settings.dropout, seed)

    def _trainable(self, model, inputs, stage, dev_batch=None, change=None):
        task, settings = self.task, self.settings
        train = task.batches(
            inputs("train"),
            settings.batch_size,
            weights=task.weights("train"),
            seed=(settings.seed, stage),
            change=change,
            arrange=task.arrange(),
        )
        dev = None
        measure = None
        if "dev" in self.dataset.splits:
            size = dev_batch or task.forward_batch
            images = inputs("dev")
            measure = task.measure(self.network, images)
            if task.loss_on_dev:
                dev = Batches(images, task.targets("dev"), size, arrange=task.arrange())
        limit_batch_norm_momentum(model, len(train))
        loss, metrics, callbacks = task.loss(), task.metrics(), task.callbacks()
        return Trainable(model, train, dev, loss, metrics, measure, callbacks)

    def _set_precision(self):
        if self.settings.mixed_bfloat16:
            core = self.network.core
            scaling = [x for x in sublayers(core) if isinstance(x, ImagePreprocessing)]
            set_policy(core, "mixed_bfloat16", keep=scaling)

    def _decoded(self, split):
        """The images of a split; those that training needs stay in memory."""
        if split in self._images:
            return self._images[split]
        with self._timed("decoding"):
            images = self.task.images(split, self.size)
        if split in ("train", "dev"):
            self._images[split] = images
        return images

    def _features(self, split):
        """What the frozen body answers, kept on disk until the run has ended."""
        precision = "bfloat16" if self.settings.mixed_bfloat16 else "float32"
        path = self.folder.cache / f"{self._body_digest[:16]}-{precision}-{split}.npy"

        def compute():
            images = self._decoded(split)
            with self._timed("features"):
                body, size = self.network.body, self.task.forward_batch
                return forward(body, images, size, what=f"Features of {split}")

        return stored(path, compute)

    def _body_is_unchanged(self):
        """Whether cached features still are what the finished network computes."""
        return (
            len(self.plan) == 1
            and self.network.pretrained
            and (not self.settings.mixed_bfloat16)
        )

    def _scaling(self):
        layers = sublayers(self.network.body)
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
