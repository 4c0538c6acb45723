"""What a trainee must not find out: while a scenario runs some nodes are there for the instructor alone."""

from __future__ import annotations

from collections.abc import Callable, Collection

from asyncua import ua

from plantsim.model.tag import Role
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_methods import SIMULATION_METHODS
from plantsim.serve.opcua_space import KPI, SIMULATION
from plantsim.serve.opcua_training import INSTRUCTORS_OWN

_HIDDEN = frozenset((KPI, f"{SIMULATION}.Seed", *(f"{SIMULATION}.{name}" for name in SIMULATION_METHODS)))

UNKNOWN = ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown)
"""What a hidden node answers: as if there were none."""


def see_all(_: ua.NodeId, __: Role) -> bool:
    """Nothing is hidden."""
    return False


class Hidden:
    """Key figures, seed, the simulation's methods and the running score. namespace: of our nodes."""

    def __init__(self, engine: Engine, namespace: int) -> None:
        self._engine = engine
        self._namespace = namespace

    def __call__(self, node: ua.NodeId, role: Role) -> bool:
        """Whether a node is not there for that role now."""
        if role >= Role.INSTRUCTOR or node.NamespaceIndex != self._namespace or not self._engine.in_scenario:
            return False
        name = node.Identifier
        return isinstance(name, str) and _is_among(name, _HIDDEN | INSTRUCTORS_OWN)


Hides = Callable[[ua.NodeId, Role], bool]


def _is_among(name: str, hidden: Collection[str]) -> bool:
    """Whether a node is one of them or below one: their properties have their names and a dot before their own."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in hidden for count in range(1, len(parts) + 1))
