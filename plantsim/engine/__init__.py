"""The scan's owner: time, commands, the process image, snapshots."""
