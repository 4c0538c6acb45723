from plantsim._core import Core as Core
