import importlib.util
import json
import os
import re
from pathlib import Path

import pytest

from dlzoo.weights import labels


def test_a_thousand_different_names():
    names = labels("imagenet")
    assert len(names) == len(set(names)) == 1000
    assert names[0] == "tench"
    assert names[999] == "toilet tissue"
    assert (names[134], names[517]) == ("crane bird", "crane")


def test_they_are_torchvisions():
    found = importlib.util.find_spec("torchvision")
    if found is None:
        pytest.skip("torchvision is not installed")
    text = Path(found.submodule_search_locations[0], "models/_meta.py").read_text()
    listed = text.split("_IMAGENET_CATEGORIES = [")[1].split("]")[0]
    assert re.findall(r'"([^"]+)"', listed) == list(labels())


def test_their_order_is_that_of_keras():
    folder = os.environ.get("DLZOO_TEST_DATA")
    if folder is None:
        pytest.skip("DLZOO_TEST_DATA is not set")
    index = Path(folder, "imagenet_100", "imagenet_class_index.json")
    keras = json.loads(index.read_text())
    same = sum(
        name.lower().replace(" ", "_") == keras[str(number)][1].lower()
        for number, name in enumerate(labels())
    )
    assert same > 950  # they differ in wording ("crane_bird"), not in order


def test_unknown_list():
    with pytest.raises(ValueError, match=r"must be one of \['imagenet', 'tiny_imagenet'\]"):
        labels("coco")
