"""``python -m plantsim``: the same as the ``plantsim`` command."""

import sys

from plantsim.cli import main

sys.exit(main())
