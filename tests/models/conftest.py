"""Networks that are cut down for a test."""

import pytest

from dlzoo.models import regions, vgg


@pytest.fixture
def tiny_vgg(monkeypatch):
    """VGG-16 with few channels: all that can go wrong with its weights, in no time."""
    monkeypatch.setattr(vgg, "WIDTHS", (2, 3, 4, 5, 6))
    for module in (vgg, regions):
        monkeypatch.setattr(module, "HIDDEN", 8)
