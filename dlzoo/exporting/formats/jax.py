"""JAX's serialised StableHLO: `model.jax`, weights inside."""

from pathlib import Path

from dlzoo._files import atomic_path

FILE = "model.jax"
LEAST = 32  # pixels of a side that is open


def write(model, folder: Path) -> None:
    import jax
    from jax import export as jax_export
    from keras import tree

    trainable = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]

    def answer(images):
        answers, _ = model.stateless_call(trainable, others, images, training=False)
        return tree.flatten(answers)

    exported = jax_export.export(jax.jit(answer), platforms=["cpu", "cuda"])(
        jax.ShapeDtypeStruct(_symbols(model.inputs[0].shape), "float32")
    )
    with atomic_path(folder / FILE) as temporary:
        temporary.write_bytes(exported.serialize())


def _symbols(shape):
    """The shape of a batch with a symbol for each side that is open."""
    from jax import export as jax_export

    names = ("batch", "height", "width", "channels")
    sides = [
        name if side is None else str(side) for name, side in zip(names, shape, strict=True)
    ]
    # Mirrored borders ask whether there is enough to mirror.
    least = [f"{name} >= {LEAST}" for name in names[1:3] if name in sides]
    return jax_export.symbolic_shape(", ".join(sides), constraints=least)


def load(folder: Path, description, *, batch_size, threads=None):
    import jax
    import numpy as np
    from jax import export as jax_export

    exported = jax_export.deserialize(bytearray((folder / FILE).read_bytes()))
    call = jax.jit(exported.call)

    def run(images):
        count = len(images)
        # Each size of a batch is compiled by itself, which takes longer than a full batch.
        wanted = count if count in (1, batch_size) else -(-count // batch_size) * batch_size
        if wanted > count:
            images = np.concatenate([images, np.repeat(images[-1:], wanted - count, axis=0)])
        return [np.asarray(part)[:count] for part in call(images)]

    return run
