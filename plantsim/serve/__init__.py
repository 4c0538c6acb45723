"""The process image as network protocols show it."""
