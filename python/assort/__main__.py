"""The command line: ``python -m assort``."""

from __future__ import annotations

import signal
import sys

from . import _assort


def main() -> None:
    # The command line hears Ctrl-C itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_assort.command(["assort", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
