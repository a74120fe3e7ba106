"""`dlzoo.faces.train`: from images of people to a network that embeds faces, and its report."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras

from dlzoo._checks import check_positive_int
from dlzoo.data import PeopleDataset, open_people
from dlzoo.faces import networks
from dlzoo.faces.face_task import FaceTask
from dlzoo.faces.networks import FaceNetwork
from dlzoo.faces.settings import FaceSettings
from dlzoo.models.siamese import WHO as SIAMESE  # a loss, too
from dlzoo.training.tuning import FineTuned, run_task

_BACKBONE = "mobilenet_v2"


def fine_tune(
    model: str | keras.Model,
    data: Any,
    *,
    loss: str | None = None,
    mining: str = "semi_hard",
    margin: float | None = None,
    scale: float = 64.0,
    dimensions: int | None = None,
    images_per_person: int = 4,
    people: Mapping[str, Sequence[str]] | None = None,
    backbone: str | None = None,
    model_options: Mapping[str, Any] | None = None,
    out: str | os.PathLike | None = None,
    weights: Any = "auto",
    image_size: int | tuple[int, int] | None = None,
    preprocessing: Any = None,
    unfreeze: str | int = "auto",
    epochs: int | tuple[int, int] | None = None,
    learning_rate: float | tuple[float, float] | None = None,
    batch_size: int = 64,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    weight_decay: float = 1e-4,
    dropout: float = 0.0,
    class_weights: None = None,
    augment: Any = True,
    patience: int = 20,
    freeze_batch_norm: bool = True,
    mixed_bfloat16: bool = False,
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
    fresh: bool = False,
) -> FineTuned:
    """Train a network to embed faces; also `dlzoo.faces.train`.

    It learns from some people and is judged on others: dev and test are people whom it has
    never seen. The weights are kept with which pairs of dev people were told apart best (AUC).
    If all embeddings become one point, training ends with an error that says what to do.

    What is not listed here is as in `dlzoo.fine_tune`.

    Args:
        model: `"mobilefacenet"`, `"facenet"`, `"openface_nn4_small2"`; a classification
            network, behind which comes a fully connected layer; `"siamese"`; or a
            `keras.Model` from images to a vector or a feature map.
        data: Images of faces, cut out and aligned, a folder for each person: see
            `dlzoo.data.open_people`, also for `people` and `fractions`.
        loss: `"triplet"`, `"contrastive"` or `"arcface"`; `"siamese"`: a distance between
            embeddings is learnt, too, which tells same from different. None: the first, for
            the network `"siamese"` the last. Embeddings are of unit length.
        mining: Of triplets: `"semi_hard"`, `"batch_hard"` or `"batch_all"`, see
            `dlzoo.losses.TripletLoss`.
        margin: Of the loss, in its own unit; None: 0.2 (triplet), 1.0 (contrastive), 0.5
            (ArcFace).
        scale: Of ArcFace; 64 is for many thousands of people, few need less.
        dimensions: Of the embeddings. None: the network's own; behind others 128.
        images_per_person: K in a batch.
        backbone: Of `"siamese"`: a classification network, or one for faces.
        model_options: Other arguments of the builder, e.g. `{"alpha": 0.35}`.
        weights: `"auto"`: the first on the network's card, or none.
        batch_size: P x K images of P people.
        unfreeze: `"auto"` is `"all"`. A network for faces has no new head; it trains at once.
        dropout: Fraction of the features that is dropped before the new layer.
        class_weights: Must be None.
        augment: True, False, a list out of `"flip"` (left-right), `"shift"`, `"rotate"`,
            `"zoom"`, `"brightness"`, `"contrast"`, or a Keras layer.
        patience: Epochs without a better AUC on dev after which a stage ends.

    Returns:
        A `FineTuned`: its model goes from raw RGB to embeddings `(batch, dimensions)`; of a
        siamese network it is like that of `dlzoo.models.siamese`. Its report is a `FaceReport`.

    Raises:
        ValueError: An argument is not allowed. `dlzoo.errors.DataError`: the images or `out`
            cannot be used. `dlzoo.errors.CollapseError`: all embeddings became one point.
            `dlzoo.errors.DivergenceError`: the loss became NaN.
    """
    model, loss = _settled(model, loss, backbone)
    settings = FaceSettings(
        unfreeze=unfreeze,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        optimizer=optimizer,
        weight_decay=weight_decay,
        dropout=dropout,
        class_weights=class_weights,
        augment=augment,
        patience=patience,
        freeze_batch_norm=freeze_batch_norm,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        loss=loss,
        mining=mining,
        margin=margin,
        scale=scale,
        images_per_person=images_per_person,
    )
    if dimensions is not None:
        check_positive_int("fine_tune", "dimensions", dimensions, minimum=2)
    size = networks.size_of(model, image_size)
    dataset = data
    if not isinstance(data, PeopleDataset):
        dataset = open_people(
            data,
            people=people,
            fractions=fractions,
            seed=seed,
            on_bad_image=on_bad_image,
            on_duplicate=on_duplicate,
        )
    network = _network(
        model, settings, dataset, size, dimensions, weights, preprocessing, model_options
    )
    task = FaceTask(dataset, settings, network)
    return run_task(network, task, settings, size, out=out, fresh=fresh)


train = fine_tune  # the word people look for; the other is that of all tasks


def _settled(model, loss, backbone):
    """The network that is trained and its loss, where `model` may be a siamese network."""
    if isinstance(model, str) and model == SIAMESE:
        if loss not in (None, SIAMESE):
            raise ValueError(
                f"fine_tune: loss must be None or 'siamese' for the network 'siamese'; got "
                f"{loss!r}. Pass its backbone as the model instead."
            )
        return backbone or _BACKBONE, SIAMESE
    if backbone is not None:
        raise ValueError(
            f"fine_tune: backbone must be None, because only 'siamese' has one; got "
            f"{backbone!r}."
        )
    return model, loss or "triplet"


def _network(model, settings, dataset, size, dimensions, weights, preprocessing, options):
    """The network with all layers that its loss needs."""
    seed = settings.seed
    if isinstance(model, str):
        name = model
        body, dense, pretrained, loaded = networks.from_zoo(
            model, weights, size, dimensions, seed, options or {}
        )
    else:
        if options:
            raise ValueError(
                f"fine_tune: model_options must be None for a keras.Model, because it is "
                f"built already; got {dict(options)!r}."
            )
        name, pretrained = model.name, weights is not None
        body, dense = networks.from_model(model, size, dimensions, preprocessing, seed)
        loaded = getattr(model, "load_report", None)
    width = body.output.shape[-1] if dense is None else dense.units
    people = len(dataset.splits["train"].people)
    scores = networks.training_layer(settings.loss, people, width, seed)
    return FaceNetwork(name, body, dense, scores, pretrained, loaded)
