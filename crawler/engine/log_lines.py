"""Where a crawl's log lines go: all of them into a file if one is asked for, and ours, one line each, to the screen.

What went wrong with a page stands in the log (the evidence one) and in the run's report; a traceback of the crawling
library on a lawyer's screen helps nobody. Without a file the report says how many lines were not shown.
"""

import logging
import sys
from pathlib import Path

OURS = ("crawler", "pipelines")
_FILE_FORMAT = "%(asctime)s [%(name)s] %(levelname)s: %(message)s"


class _OneLine(logging.Formatter):
    """The message, without time, name and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return " ".join(record.getMessage().split())


def direct(log_file: Path | None, level: str) -> None:
    """Set up logging for this process; `level` is that of the file."""
    root = logging.getLogger()
    for handler in [*root.handlers]:
        root.removeHandler(handler)
        if isinstance(handler, logging.FileHandler):  # an earlier crawl's
            handler.close()
    root.setLevel(logging.WARNING)
    root.addHandler(logging.NullHandler())  # without any handler Python would print warnings by itself
    screen = logging.StreamHandler(sys.stderr)
    screen.setFormatter(_OneLine())
    screen.setLevel(logging.ERROR)
    for name in OURS:
        ours = logging.getLogger(name)
        ours.handlers[:] = [screen]
    if log_file is not None:
        file = logging.FileHandler(log_file, encoding="utf-8")
        file.setFormatter(logging.Formatter(_FILE_FORMAT))
        root.addHandler(file)
        root.setLevel(level)
