import json

import dlzoo
from tests.cli.run import run


def test_it_prints_the_card():
    done = run("card", "mobilenet_v2")
    assert done.returncode == 0
    assert done.stdout == f"{dlzoo.card('mobilenet_v2')}\n"
    assert "3,504,872 (origin keras)" in done.stdout


def test_json():
    printed = json.loads(run("card", "resnet50", "--json").stdout)
    assert printed == json.loads(json.dumps(dlzoo.card("resnet50").to_dict()))
    assert printed["weights"][0]["hash"] == "md5:2cb95161c43110f7111970584f804107"
