"""Whether layers keep to operations that every export format has."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PLAIN: ContextVar[bool] = ContextVar("plain operations", default=False)


@contextmanager
def plain_operations() -> Iterator[None]:
    """Inside, a layer that is traced leaves out the kernels of one backend alone.

    Example:
        >>> with plain_operations():
        ...     uses_plain_operations()
        True
    """
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


def uses_plain_operations() -> bool:
    """Whether the tracing at hand is for an export."""
    return _PLAIN.get()
