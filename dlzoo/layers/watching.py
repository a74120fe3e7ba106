"""Watching layers at work: each call of a layer inside a model, nested ones too.

While it lasts `keras.layers.Layer.__call__` is exchanged for one that asks a function first.
Other threads go on as if nothing was there, and no model is touched.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import keras

_LOCK = threading.RLock()

# `(layers around and the layer itself, its method, args, kwargs) -> outputs`; it is expected
# to call `method(layer, *args, **kwargs)`.
Watch = Callable[[tuple[Any, ...], Any, tuple, dict], Any]


@contextlib.contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` make the calls of layers in this thread.

    Example:
        >>> seen = []
        >>> def note(around, method, args, kwargs):
        ...     seen.append("/".join(layer.name for layer in around))
        ...     return method(around[-1], *args, **kwargs)
        >>> inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="dense")])
        >>> outer = keras.Sequential([keras.Input((2,)), inner], name="outer")
        >>> with watched(note):
        ...     _ = outer(keras.ops.ones((1, 2)))
        >>> seen[0], seen[-1].endswith("/dense"), len(seen)
        ('outer', True, 3)
    """
    around: list[Any] = []

    def call(method, layer, *args, **kwargs):
        if around and around[-1] is layer:  # its own convolution is no other layer
            return method(layer, *args, **kwargs)
        around.append(layer)
        try:
            return watch(tuple(around), method, args, kwargs)
        finally:
            around.pop()

    with exchanged(_methods(), call):
        yield


@contextlib.contextmanager
def exchanged(places: Iterable[tuple[Any, str]], instead: Callable) -> Iterator[None]:
    """Let `instead(function, *args, **kwargs)` stand for functions, in this thread.

    Args:
        places: A class or module, and the name of the function in it.
        instead: Gets the function that stood there and the arguments of the call.
    """
    thread = threading.get_ident()
    with _LOCK, contextlib.ExitStack() as undo:
        for owner, name in places:
            function = vars(owner)[name]
            setattr(owner, name, _asking(function, instead, thread))
            undo.callback(setattr, owner, name, function)
        yield


def backend_functions() -> ModuleType:
    """The module where `keras.ops.relu`, `max_pool` and the like, and all layers, end.

    There is no public way to it (Keras 3.15.1).
    """
    from keras.src import backend

    return backend.nn


def _asking(function: Callable, instead: Callable, thread: int) -> Callable:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:
            return function(*args, **kwargs)
        return instead(function, *args, **kwargs)

    return call


def _methods() -> Iterator[tuple[type, str]]:
    """Where a layer begins its work, for all layers at once."""
    yield keras.layers.Layer, "__call__"
    # `ConvBN` asks its convolution for this step alone, and adds the bias later.
    kinds = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
    for owner in dict.fromkeys(owner for kind in kinds for owner in kind.__mro__):
        if "convolution_op" in vars(owner):
            yield owner, "convolution_op"
