"""Where the data files that come with the package lie."""

import importlib
from pathlib import Path
from typing import List


def data_directories() -> List[Path]:
    """The directories of the package ng2coreos.data, which a checkout keeps beside ng2coreos/."""
    return [Path(place) for place in importlib.import_module("ng2coreos.data").__path__]
