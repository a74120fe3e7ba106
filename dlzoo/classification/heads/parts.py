"""Taking the one head apart: a layer and a name for each target."""

import re
import unicodedata
from collections.abc import Sequence

from keras import layers, ops


def dense_part(head: layers.Dense, columns: slice, activation: str, name: str) -> layers.Dense:
    """A dense layer with some of the outputs of another."""
    part = layers.Dense(
        columns.stop - columns.start,
        activation=activation,
        use_bias=head.bias is not None,
        dtype="float32",
        name=name,
    )
    part.build((None, head.kernel.shape[0]))
    part.kernel.assign(ops.convert_to_numpy(head.kernel)[:, columns])
    if head.bias is not None:
        part.bias.assign(ops.convert_to_numpy(head.bias)[columns])
    return part


def plain_names(names: Sequence[str]) -> list[str]:
    """Names for layers, metrics and files: letters, digits, `_`; all different.

    None begins with `val_`, as Keras calls what was measured on dev.

    Example:
        >>> plain_names(["Größe in m", "größe (in m)", "年齢", "val_x"])
        ['grosse_in_m', 'grosse_in_m_2', 'target', 'target_val_x']
    """
    plain: list[str] = []
    for number, name in enumerate(names, start=1):
        latin = unicodedata.normalize("NFKD", name.casefold())
        latin = latin.encode("ascii", "ignore").decode()
        short = re.sub(r"[^a-z0-9]+", "_", latin).strip("_") or "target"
        if short.startswith("val_"):
            short = f"target_{short}"
        while short in plain:
            short = f"{short}_{number}"
        plain.append(short)
    return plain
