"""The model: what displays compute from a browse."""

from collections.abc import Callable
from dataclasses import replace

from hmi.model import Member, Plant, Purity, TagObject, ValueClass

Make = Callable[..., TagObject]


def test_bar_spans_the_limits_or_three_bands(make_controller: Make) -> None:
    """The whole range would hide what happens within the limits."""
    tag = make_controller("TIC-201", "R-201")
    assert tag.display_span == (45.0, 90.0)
    tag.limits = {}
    assert tag.display_span == (54.0, 66.0)


def test_bar_spans_the_range_without_a_normal_band(make_number: Callable[..., Member]) -> None:
    """Nothing to be normal against: the range it is."""
    tag = TagObject("TI-1", "", "transmitter", "leach", "R-201", {"PV": make_number("TI-1.PV")})
    assert tag.display_span == (0.0, 120.0)


def test_bar_never_leaves_the_range(make_controller: Make) -> None:
    """A band at the edge of the range does not widen it."""
    tag = make_controller("TIC-201", "R-201")
    tag.limits, tag.normal = {}, (0.0, 4.0)
    assert tag.display_span == (0.0, 8.0)


def test_purities_pair_analyser_and_master_by_number(make_controller: Make) -> None:
    """AI-701 with AIC-701, in product order; an analyser without a master stays."""
    tags = {id_: make_controller(id_, "HP-711", "product") for id_ in ("AI-702", "AIC-701", "AI-701", "AI-712")}
    found = Plant("", (), {}, tags).purities
    assert found == (Purity(1, "AI-701", "AIC-701"), Purity(2, "AI-702", None))


def test_find_prefers_the_exact_tag(make_plant: Callable[..., Plant]) -> None:
    """Dashes and case do not matter; beginnings come before middles, names before titles."""
    small = make_plant()
    assert small.find("tic200")[0] == "TIC-200"
    assert small.find("tic")[0] == "TIC-200"
    assert small.find("200 title")[0] == "TIC-200"
    assert small.find("nothing") == []
    assert small.find("  ") == []


def test_role_follows_from_what_the_session_may_do(make_plant: Callable[..., Plant]) -> None:
    """Whoever writes nothing observes, whoever writes tuning is an engineer, whoever injects instructs."""
    small = make_plant()
    assert small.role == "operator"
    assert replace(small, methods=frozenset(("Inject", "ListInjected"))).role == "instructor"
    tag = small.tags["TIC-200"]
    tag.members["Gain"] = Member("TIC-200.Gain", "Gain", ValueClass.NUMBER, writable=True)
    assert replace(small).role == "engineer"
    for one in small.tags.values():
        one.members = {name: replace(member, writable=False) for name, member in one.members.items()}
    assert replace(small).role == "observer"
