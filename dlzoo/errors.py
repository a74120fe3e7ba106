"""The errors that dlzoo raises on purpose. All are `ValueError`, so one `except` is enough."""


class DataError(ValueError):
    """Images, labels or folders that cannot be used; the message names the file."""


class WeightsError(ValueError):
    """A weights file that cannot be read or does not fit the network."""


class DownloadError(WeightsError):
    """Published weights that cannot be fetched, or arrived damaged."""


class DivergenceError(ValueError):
    """Training that broke down: the loss is no longer a number."""


class CollapseError(DivergenceError):
    """Training after which all embeddings are one point."""


class MissingExtraError(ValueError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class ExportError(ValueError):
    """A network that cannot be exported, or whose export answers something else."""
