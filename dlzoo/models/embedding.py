"""What networks that embed images have in common: their last step."""

from dlzoo._checks import check_choice
from dlzoo.layers import L2Normalize
from dlzoo.models.classifier import head_dtype


def embedded(x, normalize):
    """The embedding `x`, `(batch, dimensions)`, of unit length where `normalize` says so."""
    return L2Normalize(dtype=head_dtype(), name="normalize")(x) if normalize else x


def check_normalize(who, normalize):
    """`normalize` must be True or False."""
    check_choice(who, "normalize", normalize, (True, False))
