"""The compiled core, in the widest vectors that this machine has.

Both builds give the same bits: no operation is contracted or reordered, and exp and log are the core's own.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from plantsim._core import has_avx2

if TYPE_CHECKING or not has_avx2() or not find_spec("plantsim._core_avx2"):
    from plantsim._core import Core
else:
    from plantsim._core_avx2 import Core

__all__ = ["Core"]
