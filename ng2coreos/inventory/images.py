"""Which of NG's volumes are images: by tag, and what kind by name.

The first base is tagged as a layer (ng-host 1.4), an old RHV-H host has other products' names and a
deleted base leaves its layer without origin; none of that matters here, unlike to imgbased.
"""

import re
from typing import Sequence, Tuple

from ng2coreos.model.facts import Image, ImageKind, LogicalVolume

_LAYER = re.compile(r"(?P<base>.+)\+[0-9]+")
_INIT, _BASE, _LAYERED = "imgbased:init", "imgbased:base", "imgbased:layer"


def read(volumes: Sequence[LogicalVolume], current: str) -> Tuple[Image, ...]:
    """The images among `volumes`; `current` is the name of the LV that is mounted at ``/``."""
    return tuple(
        Image(volume=v.name, kind=_kind(v), current=v.name == current,
              nvr="" if _kind(v) is ImageKind.INIT else base_of(v.name))
        for v in volumes if {_INIT, _BASE, _LAYERED} & set(v.tags))


def is_layer(name: str) -> bool:
    """Is it the name of a layer, NVR+N?"""
    return _LAYER.fullmatch(name) is not None


def base_of(name: str) -> str:
    """The NVR of the image: the name without a layer's +N."""
    match = _LAYER.fullmatch(name)
    return match.group("base") if match else name


def _kind(volume: LogicalVolume) -> ImageKind:
    if is_layer(volume.name):
        return ImageKind.LAYER
    return ImageKind.INIT if _INIT in volume.tags else ImageKind.BASE
