"""Procedures of a plant file that people carry out: steps in words, each with what shows that it is done."""

from __future__ import annotations

import re

from plantsim.model.names import Names
from plantsim.model.plant import Procedure, Task
from plantsim.model.section import Section

NAME = re.compile(r"SOP-\d{2,4}[A-D]?")


def read_procedures(root: Section, names: Names) -> tuple[Procedure, ...]:
    """The procedures in the file's order."""
    found = []
    for id_, section in root.table("procedures").children("a procedure"):
        if not NAME.fullmatch(id_):
            raise section.error("", f'a name "{id_}"', 'SOP and a number, such as "SOP-701"')
        title, when = section.text("title"), section.text("when")
        steps = section.tables("steps")
        if not steps:
            raise section.error("steps", "none", "at least one step")
        found.append(Procedure(id_, title, when, tuple(_task(step, names) for step in steps)))
        section.end()
    return tuple(found)


def _task(section: Section, names: Names) -> Task:
    texts = section.texts("until")
    checks = tuple(names.condition(section, f"until[{place}]", text) for place, text in enumerate(texts))
    task = Task(section.text("title"), section.text("text", ""), checks)
    section.end()
    return task
