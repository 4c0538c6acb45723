"""The subcommands of ``plantsim``, one file each; they import what is heavy only when they run."""
