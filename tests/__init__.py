"""Tests of dlzoo: `pytest`; see CONTRIBUTING.md."""

from hypothesis import settings

# On a busy machine an example may take any time; what is slow shows in --durations.
settings.register_profile("dlzoo", deadline=None)
settings.load_profile("dlzoo")
