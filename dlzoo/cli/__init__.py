"""The `dlzoo` command. A file a verb, each calling the public API only."""

from dlzoo.cli.app import main

__all__ = ["main"]
