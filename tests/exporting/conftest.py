import pytest

from tests.exporting.networks import classifier


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of another test is found, nothing of the user's is touched."""
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def model():
    return classifier()
