"""Browsing: asyncua's, which looks up all subtypes of a reference type anew for each reference that is browsed."""

from __future__ import annotations

from asyncua import ua
from asyncua.server.address_space import AddressSpace, ViewService


class View(ViewService):
    """Browsing of an address space whose reference types do not change."""

    def __init__(self, aspace: AddressSpace) -> None:
        super().__init__(aspace)
        self._below: dict[ua.NodeId, frozenset[ua.NodeId]] = {}

    def _suitable_reftype(self, ref1: ua.NodeId, ref2: ua.NodeId, subtypes: bool) -> bool:
        if not subtypes or ref1 == ref2 or ref1.is_null():
            return bool(super()._suitable_reftype(ref1, ref2, subtypes))
        below = self._below.get(ref1)
        if below is None:
            below = self._below[ref1] = frozenset(self._get_sub_ref(ref1))
        return ref2 in below
