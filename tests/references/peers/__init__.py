"""The networks of the published programs that goldens are made from: a file a family."""

import importlib
import pkgutil


def rows():
    """Every golden, of every family's file here that has `rows`."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        family = importlib.import_module(f"{__name__}.{module}")
        yield from getattr(family, "rows", tuple)()
