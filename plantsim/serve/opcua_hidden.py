"""What is there for the instructor alone: always some nodes, and while a scenario runs all that gives it away."""

from __future__ import annotations

from collections.abc import Callable, Collection

from asyncua import ua

from plantsim.model.tag import Role
from plantsim.serve.opcua_engine import Engine
from plantsim.serve.opcua_forcing import FORCING
from plantsim.serve.opcua_lists import LISTS
from plantsim.serve.opcua_methods import SIMULATION_METHODS
from plantsim.serve.opcua_space import KPI, SIMULATION
from plantsim.serve.opcua_training import CHOICE, INSTRUCTORS_OWN, TRAINING

_ALWAYS = CHOICE | {f"{SIMULATION}.{name}" for name in LISTS}
_METHODS = frozenset(f"{SIMULATION}.{name}" for name in (*SIMULATION_METHODS, *FORCING))
_IN_SCENARIO = INSTRUCTORS_OWN | {KPI, f"{SIMULATION}.Seed"} | _METHODS
_BEGINNINGS = tuple({name.partition(".")[0] for name in _ALWAYS | _IN_SCENARIO})

UNKNOWN = ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown)
"""What a hidden node answers: as if there were none."""


class Hidden:
    """Always what there is to inject and to restore; in a scenario true values, seed, methods and the running score.

    The Training object is there for others once a scenario runs, or has run. namespace: of our nodes. idle: whether no
    scenario has run yet.
    """

    def __init__(self, engine: Engine, namespace: int, idle: Callable[[], bool] = lambda: False) -> None:
        self._engine = engine
        self._namespace = namespace
        self._idle = idle

    def __call__(self, node: ua.NodeId, role: Role) -> bool:
        """Whether a node is not there for that role now."""
        name = node.Identifier
        if role >= Role.INSTRUCTOR or node.NamespaceIndex != self._namespace or not isinstance(name, str):
            return False
        if not name.startswith(_BEGINNINGS):  # nearly all of them: reads of a thousand tags come through here
            return False
        if _is_among(name, _ALWAYS) or (self._engine.in_scenario and _is_among(name, _IN_SCENARIO)):
            return True
        return name.partition(".")[0] == TRAINING and self._idle()

    def ever(self, node: ua.NodeId) -> bool:
        """Whether a node may be hidden from somebody at some time."""
        name = node.Identifier
        ours = node.NamespaceIndex == self._namespace and isinstance(name, str)
        return ours and name.startswith(_BEGINNINGS)


Hides = Callable[[ua.NodeId, Role], bool]


def _is_among(name: str, hidden: Collection[str]) -> bool:
    """Whether a node is one of them or below one: their properties have their names and a dot before their own."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in hidden for count in range(1, len(parts) + 1))
