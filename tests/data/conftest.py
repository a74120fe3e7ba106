import os
from pathlib import Path

import pytest


@pytest.fixture
def test_data():
    """The folder of real images, or a skipped test."""
    folder = os.environ.get("DLZOO_TEST_DATA")
    if not folder:
        pytest.skip("DLZOO_TEST_DATA is not set")
    return Path(folder)
