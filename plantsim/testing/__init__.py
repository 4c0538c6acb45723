"""A plant for other people's tests: served on free ports, its time in the test's hand.

``plugin`` brings it to pytest as the fixtures ``plant`` and ``plant_factory``; `serve_plant` starts one anywhere else.
"""

from plantsim.testing.served import NeverHeld, ServedPlant, Tags, serve_plant

__all__ = ["NeverHeld", "ServedPlant", "Tags", "serve_plant"]
