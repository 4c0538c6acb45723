"""The operating manual and the steps of sequences on the wire, for whoever shows them to operators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plantsim.engine.engine import Engine
from plantsim.model.manual import manual
from plantsim.model.plant import Action, Condition, Plant, Procedure, Task
from plantsim.serve.opcua_procedures import action, comparison


def test_comparisons_and_actions_are_written_with_numbers() -> None:
    assert comparison(Condition("TIC-201", "PV", ">", 75.5)) == "TIC-201.PV > 75.5"
    assert comparison(Condition("AI-201", "PV", "bad", 0.0)) == "AI-201.PV bad"
    assert action(Action("TIC-201", "MODE", 1.0)) == "TIC-201.MODE = 1"
    assert action(Action("TIC-201", "SP", 80.0, 5.0 / 60.0)) == "TIC-201.SP -> 80 at 5"


async def test_procedures_by_hand_stand_in_a_folder_of_their_own(
    belfast: Plant, engine: Engine, opcua_server: Any, connect: Any
) -> None:
    task = Task("Manual", "It stays.", (Condition("TIC-201", "MODE", "=", 0.0), Condition("AI-701", "PV", "bad", 0.0)))
    engine.plant = replace(belfast, procedures=(Procedure("SOP-9", "Change-over", "Now.", (task,)),))
    async with opcua_server(engine) as server, connect(server.endpoint) as console:
        assert await console.value("Procedure.SOP-9.When") == "Now."
        assert await console.value("Procedure.SOP-9.StepTitles") == ["Manual"]
        assert await console.value("Procedure.SOP-9.StepTexts") == ["It stays."]
        assert await console.value("Procedure.SOP-9.StepChecks") == ["TIC-201.MODE = 0; AI-701.PV bad"]


async def test_manual_and_steps_are_what_the_plant_file_says(
    belfast: Plant, engine: Engine, opcua_server: Any, connect: Any
) -> None:
    async with opcua_server(engine) as server, connect(server.endpoint) as console:
        assert await console.value("Plant.Manual") == manual(belfast, malfunctions=False)
        for one in belfast.sequences:
            assert await console.value(f"{one.tag}.StepTitles") == [step.title for step in one.steps]
            assert await console.value(f"{one.tag}.StepDwells") == [step.dwell for step in one.steps]
            assert await console.value(f"{one.tag}.StepLimits") == [step.most for step in one.steps]
            assert await console.value(f"{one.tag}.Repeats") is one.repeat
            checks = await console.value(f"{one.tag}.StepChecks")
            actions = await console.value(f"{one.tag}.StepActions")
            ends = await console.value(f"{one.tag}.StepEnds")
            needs = await console.value(f"{one.tag}.StepNeeds")
            for step, said, done, end, need in zip(one.steps, checks, actions, ends, needs, strict=True):
                assert said == "; ".join(map(comparison, step.checks))
                assert done == "; ".join(map(action, step.actions))
                assert end == "; ".join(map(comparison, step.ends))
                assert need == "; ".join(map(comparison, step.unless))
            assert await console.value(f"{one.tag}.Permits") == list(map(comparison, one.permits))
