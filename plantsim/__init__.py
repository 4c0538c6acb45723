"""A rare-earth magnet recycling plant in real time.

`load` is the way in for Python programs; see plantsim/api.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plantsim.api import Certificate, Plant, Refused, TagObject, UnknownTag, load

__all__ = ["Certificate", "Plant", "Refused", "TagObject", "UnknownTag", "load"]


def __getattr__(name: str) -> Any:
    # when asked for: the command line starts faster without the core
    if name in __all__:
        from plantsim import api

        return getattr(api, name)
    raise AttributeError(f"module plantsim has no {name}")
