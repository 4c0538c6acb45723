"""The registry of unit kinds agrees with what composes them."""

from __future__ import annotations

import pytest

from plantsim.model.compose.probes import PROBES, TOTALS
from plantsim.model.kinds import KINDS
from plantsim.model.unit_kind import Form, UnitKind

ZONES = {"zones": 8, "circuits": 3}


@pytest.mark.parametrize("name", list(PROBES))
def test_a_kind_offers_the_probes_that_its_kernel_writes(name: str) -> None:
    """No more and no less, so that what loads can be measured."""
    assert set(KINDS[name].probe_names(ZONES)) == set(PROBES[name]) | set(TOTALS.get(name, ()))


@pytest.mark.parametrize("one", KINDS.values(), ids=list(KINDS))
def test_a_kind_names_each_thing_once(one: UnitKind) -> None:
    """Parameters, initial values, roles and ports are found by name."""
    for names in (
        [parameter.name for parameter in one.parameters],
        [parameter.name for parameter in one.initial],
        list(one.roles(ZONES)),
        [port.name for port in one.inlets],
        [port.name for port in one.outlets],
    ):
        assert len(names) == len(set(names))


def test_what_is_counted_by_a_parameter_has_that_parameter() -> None:
    """Roles, probes and lists per zone need the number of zones."""
    for kind in KINDS.values():
        integers = {parameter.name for parameter in kind.parameters if parameter.what is Form.INTEGER}
        counted = [role.per for role in kind.drives] + [probe.per for probe in kind.probes.values()]
        counted += [parameter.count for parameter in kind.initial if isinstance(parameter.count, str)]
        assert {name for name in counted if name} <= integers
