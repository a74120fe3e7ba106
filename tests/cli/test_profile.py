import json

import pytest

from tests.cli.run import here, run


@pytest.mark.slow
def test_the_table():
    lines = run("profile", "resnet18", "--size", "64").stdout.splitlines()
    assert lines[0].split()[:3] == ["layer", "kind", "output"]
    assert lines[2].split()[:7] == ["image", "InputLayer", "64", "x", "64", "x", "3"]
    assert lines[-1].split()[:4] == ["resnet18", "total", "11.69", "M"]
    deeper = here("profile", "resnet18", "--size", "64", "--depth", "2").stdout.splitlines()
    assert any(line.startswith("stage1_block1/conv1 ") for line in deeper)
    assert deeper[-1].split() == lines[-1].split()


@pytest.mark.slow
def test_json_without_a_head_and_under_an_origin():
    done = here("profile", "resnet50", "--classes", "0", "--origin", "torch", "--json")
    found = json.loads(done.stdout)
    assert found["trainable_parameters"] == 25_557_032 - 2_049_000
    assert found["layers"][-1]["output_shape"] == [7, 7, 2048]


def test_an_unknown_network():
    done = here("profile", "resnet51")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: no network is called 'resnet51'; did you mean")
