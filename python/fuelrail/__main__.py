"""``python -m fuelrail`` is the command ``fuelrail``."""

from __future__ import annotations

import sys

from fuelrail._cli import main

sys.exit(main())
