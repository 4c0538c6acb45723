"""A rare-earth magnet recycling plant in real time."""
