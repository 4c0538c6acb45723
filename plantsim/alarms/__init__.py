"""Alarm states over the core's limit checks (ISA-18.2)."""
