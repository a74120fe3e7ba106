"""The same numbers as the originals, through the public loader, at every stage."""

from pathlib import Path

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.layers import ConvBN
from tests.models.zoo import ZOO, outputs
from tests.references.draw import image, sample
from tests.references.files import Golden, names

TOLERANCE = 1e-4  # of the output's standard deviation

# One network a family runs on every backend, the rest on TensorFlow: files are read, and
# layers named, by the same lines of code everywhere.
ON_EVERY_BACKEND = {
    "keras-efficientnet_b0",
    "keras-mobilenet-alpha0.25",
    "keras-mobilenet_v2-alpha1.0",
    "torchvision-googlenet-auxiliary",
    "torchvision-resnet18",
}
# Of the huge ones, the only one that is not slow.
QUICK = {"keras-vgg16"}
# Origins that nobody publishes weights or a program of, and the test that builds them from
# other people's parts and compares.
WITHOUT_PEER = {
    ("alexnet", "paper"): "test_alexnet.py::test_alexnet_is_the_papers",
    ("googlenet", "paper"): "test_googlenet.py::test_googlenet_is_the_papers",
    ("lenet5", "course"): "test_lenet5.py::test_lenet5_is_the_courses",
    ("lenet5", "paper"): "test_lenet5.py::test_lenet5_is_the_papers",
    ("mlp", "course"): "test_mlp.py::test_mlp_is_the_courses",
    ("vgg_small", "dlzoo"): "test_vgg_small.py::test_outputs_are_those_of_pytorch",
}
# Here torchvision's epsilon is not timm's.
TIMM_ALONE = {"efficientnet_b5", "efficientnet_b6", "efficientnet_b7"}
ORIGINS = {"keras": "keras", "torchvision": "torch", "timm": "torch"}


def _origin(golden):
    """Whose conventions a golden follows."""
    facts = golden.facts
    if facts["peer"] == "timm" and facts["model"] in TIMM_ALONE:
        return facts["options"].get("origin", "timm")
    return facts["options"].get("origin", ORIGINS[facts["peer"]])


def _row(golden):
    """The network of a golden in the table of all networks; of B1 to B7 it has one origin."""
    rows = [row for row in ZOO if row.name == golden.facts["model"]]
    return next((row for row in rows if row.origin == _origin(golden)), rows[0])


def _marks(name):
    if name in ON_EVERY_BACKEND:
        return [pytest.mark.backend]
    slow = name not in QUICK and _row(Golden.read(name)).huge
    return [pytest.mark.slow] if slow else []


each_golden = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_marks(name)) for name in names()]
)


def largest_error(model, golden, sizes=None):
    """Of all stages and sizes: the largest difference, in standard deviations."""
    errors = {}
    for size in sizes or golden.sizes:
        taps = golden.taps(size)
        pixels = keras.ops.convert_to_tensor(image((2, *size, 3), seed=size[0]))
        found = outputs(dlzoo.features(model, taps), pixels)
        for tap in taps:
            expected, shape, std = golden.expected(size, tap)
            assert tuple(found[tap].shape) == shape
            got = sample(keras.ops.convert_to_numpy(found[tap]))
            errors[size, tap] = np.abs(got - expected).max() / std
    return max(errors.values())


def compared_sizes(golden):
    """All sizes; the odd one alone where JAX would compile the network for each."""
    return golden.sizes[-1:] if keras.backend.backend() == "jax" else golden.sizes


def build(golden, path, size=(None, None)):
    facts = golden.facts
    return dlzoo.create_model(
        facts["model"],
        weights=path,
        input_shape=(*size, 3),
        classifier_activation=None,
        **facts["options"],
    )


@each_golden
def test_outputs_equal_the_reference(name, tmp_path):
    golden = Golden.read(name)
    path = golden.write(tmp_path)
    sizes = compared_sizes(golden)
    if _row(golden).fixed_head:
        parts = [(build(golden, path, size), [size]) for size in sizes]
    else:
        parts = [(build(golden, path), sizes)]
    for model, sizes in parts:
        report = model.load_report
        assert report.origin == _origin(golden)
        assert not report.random
        assert not report.unused
        assert largest_error(model, golden, sizes) < TOLERANCE


def test_every_network_and_origin_has_a_golden():
    covered = {(golden.facts["model"], _origin(golden)) for golden in map(Golden.read, names())}
    wanted = {
        (name, origin)
        for name in dlzoo.list_models(task="classification")
        for origin in dlzoo.card(name).origins
    }
    assert wanted - covered == set(WITHOUT_PEER)
    for place in WITHOUT_PEER.values():
        file, test = place.split("::")
        assert f"def {test}(" in (Path(__file__).parent / file).read_text()


@pytest.mark.parametrize("name", names())
def test_goldens_are_small_and_not_degenerate(name):
    golden = Golden.read(name)
    assert sum(array.nbytes for array in golden.arrays.values()) < 400_000
    for size in golden.sizes:
        for tap in golden.taps(size):
            values, _, std = golden.expected(size, tap)
            assert 0.05 < std < 1000
            assert np.unique(values).size > values.size / 20  # relu6 saturates some


def test_the_tolerance_sees_a_wrong_epsilon(tmp_path):
    golden = Golden.read("torchvision-mobilenet_v2-alpha1.0")
    model = build(golden, golden.write(tmp_path))
    model.get_layer("stem").bn.epsilon = 1e-3
    assert largest_error(model, golden) > TOLERANCE


def test_the_tolerance_sees_the_other_padding(tmp_path, monkeypatch):
    golden = Golden.read("torchvision-resnet18")
    path = golden.write(tmp_path)
    symmetric = ConvBN.__init__

    def same(self, *args, **kwargs):
        symmetric(self, *args, **kwargs | {"padding": "same"})

    monkeypatch.setattr(ConvBN, "__init__", same)
    assert largest_error(build(golden, path), golden) > TOLERANCE


def test_the_tolerance_sees_two_exchanged_vectors(tmp_path):
    golden = Golden.read("torchvision-resnet152")
    state = golden.state()
    deep = "layer4.2.bn3."
    state[f"{deep}bias"], state[f"{deep}running_mean"] = (
        state[f"{deep}running_mean"],
        state[f"{deep}bias"],
    )
    model = build(golden, golden.write(tmp_path, state))
    assert largest_error(model, golden) > TOLERANCE
