"""Finds the plug-ins: the built-in ones, and those that other packages offer."""

import importlib
import pkgutil
from importlib import metadata
from typing import Any, Dict, List, Tuple

from ng2coreos.core.errors import Unsupported
from ng2coreos.core.plugin import API, Plugin

GROUP = "ng2coreos.plugins"


def load_plugins() -> Tuple[Plugin, ...]:
    """Every plug-in, ordered by id. Unsupported for one that was made for another version.

    A built-in module and an entry point name a class: the former as `PLUGIN`.
    """
    makers: List[Any] = [*_built_in(), *(point.load() for point in _entry_points())]
    found: Dict[str, Plugin] = {}
    for maker in makers:
        plugin: Plugin = maker()
        if plugin.api != API:
            raise Unsupported(f"The plug-in {plugin.id} speaks version {plugin.api}, not {API}.",
                              hint="Update or remove the package that it comes from.")
        if plugin.id in found:
            raise Unsupported(f"There are two plug-ins called {plugin.id}.",
                              hint="Remove the package that brings the second.")
        found[plugin.id] = plugin
    return tuple(found[name] for name in sorted(found))


def _built_in() -> List[Any]:
    package = importlib.import_module(GROUP)
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{GROUP}.{name}") for name in names]
    return [module.PLUGIN for module in modules if hasattr(module, "PLUGIN")]


def _entry_points() -> List[Any]:
    points: Any = metadata.entry_points()
    if hasattr(points, "select"):  # since Python 3.10
        return list(points.select(group=GROUP))
    return list(points.get(GROUP, ()))
