"""Where downloaded weights and exported data sets are kept."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The folder named by `DLZOO_CACHE`, else the platform's; made on first use."""
    named = os.environ.get("DLZOO_CACHE")
    folder = Path(named).expanduser() if named else platformdirs.user_cache_path("dlzoo")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
