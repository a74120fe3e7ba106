"""What holds for all tests."""

import gc


def pytest_collection_finish():
    """Leave what was imported out of every later search for garbage: Keras is large."""
    gc.collect()
    gc.freeze()
