"""AlexNet."""

from tests.references.peers.golden import Golden, import_torchvision


def rows():
    tv = import_torchvision().models
    places = {1: 1, 2: 4, 3: 7, 4: 9, 5: 11}
    ends = {f"stage{stage}": f"features.{place}" for stage, place in places.items()}
    yield Golden(
        "alexnet", "torchvision", tv.alexnet, ends | {"top_pool": "features.12"}, 1.0, {}
    )
