"""The command ``fuelrail``: the same program as the binary of that name, out of
the native module."""

from __future__ import annotations

import os
import signal
import sys

# Without a desktop to ask, Mesa's layer for Vulkan prints an error of its own;
# we choose a GPU by a rule of our own. Who chooses by that layer still does.
_CHOICES = ("XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", "NODEVICE_SELECT")


def main() -> int:
    """Runs the command line of this process and gives its exit code."""
    if not any(name in os.environ for name in _CHOICES):
        os.environ["NODEVICE_SELECT"] = "1"
    # The native half handles the signals itself, as the binary does; Python
    # would only look at them when all is over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fuelrail import _native

    return _native.main(sys.argv[1:])
