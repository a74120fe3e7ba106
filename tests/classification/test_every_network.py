"""`fine_tune` takes every network of the zoo as it is."""

import numpy as np
import pytest

import dlzoo
from dlzoo.data import read_image
from tests.classification.conftest import CLASSES
from tests.models.zoo import ZOO

QUICK = {"mobilenet"}  # the others take longer than a quick test may
NAMES = sorted({row.name for row in ZOO if not row.huge})


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in NAMES],
)
def test_a_step_of_the_head_and_one_of_the_body(name, digits):
    side = dlzoo.card(name).minimum_size
    paths = {label: sorted((digits / label).glob("*.png"))[:6] for label in CLASSES}
    data = [(path, label) for label, some in paths.items() for path in some]
    result = dlzoo.fine_tune(
        name,
        data,
        weights=None,
        image_size=side,
        epochs=1,
        batch_size=64,
        augment=False,
    )
    pixels = read_image(data[0][0], side).astype("float32")[None]
    scores = np.asarray(result.model.predict(pixels, verbose=0))
    assert scores.shape == (1, len(CLASSES))
    np.testing.assert_allclose(scores.sum(), 1, rtol=1e-5)
    assert all(np.isfinite(record["loss"]) for record in result.history)
