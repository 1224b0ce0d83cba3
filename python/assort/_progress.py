"""Progress on a terminal or in a notebook, where somebody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Told = Callable[[str, int, "int | None"], None]

#: Seconds before anything is shown: what is quick needs no progress.
PATIENCE = 1.0


@contextmanager
def progress(wanted: bool | Told | None) -> Iterator[Told | None]:
    """What is to be called with progress: ``True`` shows it, ``None`` where a person looks,
    ``False`` never, and a function is called itself."""
    if callable(wanted):
        yield wanted
        return
    if not (sys.stderr.isatty() or _in_notebook() if wanted is None else wanted):
        yield None
        return
    began, shown = time.monotonic(), False

    def told(what: str, done: int, total: int | None) -> None:
        nonlocal shown
        spent = time.monotonic() - began
        if spent < PATIENCE:
            return
        part = f" of {total:,}" if total else ""
        sys.stderr.write(f"\r{done:,}{part} {what}, {done / spent:,.0f} a second ")
        sys.stderr.flush()
        shown = True

    try:
        yield told
    finally:
        if shown:
            sys.stderr.write("\r\033[K" if sys.stderr.isatty() else "\n")
            sys.stderr.flush()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"
