"""Networks for faces: published sizes, the same numbers as the originals, what each must do."""

import functools
import os
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

import dlzoo
from tests.models.test_parity import TOLERANCE
from tests.models.zoo import answer, count, fill, images, outputs
from tests.references.draw import image, sample
from tests.references.files import Golden

GOLDENS = Path(__file__).parents[1] / "references" / "faces"
DATA = os.environ.get("DLZOO_TEST_DATA")
needs_data = pytest.mark.skipif(
    not DATA, reason="DLZOO_TEST_DATA does not name the folder with real data"
)


@dataclass(frozen=True)
class Row:
    """A small network for faces, and the images it takes."""

    name: str
    shape: tuple[int, int, int]
    dimensions: int = 16
    options: dict = field(default_factory=dict, hash=False)
    gain: float = 0.5

    def build(self, **more):
        arguments = {"dimensions": self.dimensions, "input_shape": self.shape}
        return dlzoo.create_model(self.name, **arguments | self.options | more)

    def images(self, batch=4, seed=0):
        return images(batch, *self.shape, seed=seed)


ROWS = {
    "mobilefacenet": Row("mobilefacenet", (48, 33, 3)),
}


@functools.cache
def built(row):
    """With weights that are not degenerate; made once, not to be changed."""
    keras.utils.set_random_seed(0)
    return fill(row.build(), row.gain)


def each(*names):
    rows = [pytest.param(ROWS[name], id=name) for name in names or ROWS]
    return pytest.mark.parametrize("row", rows)


@pytest.mark.parametrize(
    "name, arguments, parameters",
    [
        # Of a published file, without statistics; at 112 x 112 the paper prints 0.99 M.
        ("mobilefacenet", {}, 999_552),
        ("mobilefacenet", {"input_shape": (112, 112, 3)}, 1_003_136),
    ],
)
def test_parameters_are_those_published(name, arguments, parameters):
    assert count(dlzoo.create_model(name, **arguments)) == parameters


@pytest.mark.parametrize(
    "name, shape, work",
    [
        ("mobilefacenet", (112, 112, 3), 0.221),  # the paper's Table 2 prints 221 M
    ],
)
def test_cards(name, shape, work):
    card = dlzoo.card(name)
    assert card.task == "faces"
    model = dlzoo.create_model(name, input_shape=shape)
    found = dlzoo.profile(model)
    assert found.trainable_parameters == card.parameters[card.default_origin]
    assert found.multiply_adds / 1e9 == pytest.approx(work, rel=0.003)
    assert card.gmacs == pytest.approx(work, rel=0.003)
    assert found.not_counted == ()
    assert name in dlzoo.list_models(task="faces")


def largest_error(model, golden):
    """Of all stages and the embedding, in standard deviations."""
    errors = {}
    (size,) = golden.sizes
    pixels = keras.ops.convert_to_tensor(image((2, *size, 3), seed=size[0]))
    taps = [tap for tap in golden.taps(size) if tap != "head"]
    found = outputs(dlzoo.features(model, taps), pixels) | {"head": outputs(model, pixels)}
    for tap, value in found.items():
        expected, shape, std = golden.expected(size, tap)
        assert tuple(value.shape) == shape
        got = sample(keras.ops.convert_to_numpy(value))
        errors[tap] = np.abs(got - expected).max() / std
    return max(errors.values())


@pytest.mark.parametrize("name", ["torch-mobilefacenet"])
def test_outputs_equal_the_reference(name, tmp_path):
    golden = Golden.read(name, GOLDENS)
    path = tmp_path / "published.safetensors"
    save_file(golden.state(), path)
    facts = golden.facts
    model = dlzoo.create_model(facts["model"], path, **facts["options"])
    report = model.load_report
    assert (report.layout, report.origin) == ("torch", "torch")
    assert not report.random
    assert not report.unused
    assert largest_error(model, golden) < TOLERANCE


@needs_data
def test_the_golden_has_the_tensors_of_the_published_file():
    path = Path(DATA) / "weights" / "mobilefacenet_casia_torch.safetensors"
    with safe_open(path, "numpy") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    shapes = {n: s for n, s in shapes.items() if not n.endswith("num_batches_tracked")}
    state = Golden.read("torch-mobilefacenet", GOLDENS).facts["state"]
    assert {name: list(shape) for name, shape in state.items()} == shapes


@needs_data
def test_real_weights_know_people():
    """Ten people of ORL, three images each, roughly but not exactly aligned."""
    folder = Path(DATA)
    model = dlzoo.models.mobilefacenet(
        folder / "weights" / "mobilefacenet_casia_torch.safetensors",
        normalize=True,
        include_preprocessing=True,
    )
    assert (model.load_report.layout, model.load_report.origin) == ("torch", "torch")
    assert model.load_report.random == model.load_report.unused == ()
    assert len(model.load_report.loaded) == len(model.weights)
    paths = [
        folder / "orl_faces" / f"s{n}" / f"{m}.png" for n in range(31, 41) for m in (1, 2, 3)
    ]
    faces = [Image.open(path).convert("RGB").resize((96, 112)) for path in paths]
    found = answer(model, np.stack(faces).astype("float32"))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    people = np.repeat(np.arange(10), 3)
    cosines, same = found @ found.T, people[:, None] == people
    pairs = np.triu(np.ones_like(same), 1)
    alike, others = cosines[same & pairs], cosines[~same & pairs]
    assert alike.mean() > 0.6 > 0.2 > others.mean()  # measured: 0.71 and 0.14
    # The share of pairs in the right order: the area under the curve, 0.99.
    assert (alike[:, None] > others).mean() > 0.98
