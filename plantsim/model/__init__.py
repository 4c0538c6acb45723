"""From a plant file to a checked description, its tags, and the core's tables."""
