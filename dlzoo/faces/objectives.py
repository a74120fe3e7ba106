"""What faces are learnt by: the loss of a name, and when its embeddings count as collapsed."""

from typing import Any

from dlzoo.losses import ArcFaceLoss, ContrastiveLoss, PairCrossEntropy, TripletLoss

# Loss to the choices that it looks at.
LOSSES = {
    "triplet": ("margin", "mining"),
    "contrastive": ("margin",),
    "arcface": ("margin", "scale"),
    "siamese": (),
}


def chosen_loss(settings: Any) -> Any:
    """The loss of `settings`, for what the network gives while it is trained."""
    own = {} if settings.margin is None else {"margin": settings.margin}
    if settings.loss == "triplet":
        return TripletLoss(mining=settings.mining, normalize=False, **own)
    if settings.loss == "contrastive":
        return ContrastiveLoss(normalize=False, **own)
    if settings.loss == "arcface":
        return ArcFaceLoss(scale=settings.scale, **own)
    return PairCrossEntropy()


def apart(loss: Any) -> float | None:
    """The squared distance in which a loss wants different people, or None.

    Of the siamese loss that of the rows of scores (logits).
    """
    if isinstance(loss, TripletLoss):
        return loss.margin
    if isinstance(loss, ContrastiveLoss):
        return loss.margin**2
    return 1.0 if isinstance(loss, PairCrossEntropy) else None
