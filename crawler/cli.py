"""The command `evidence`. Thin: each command parses, calls, prints and sets the exit code.

Exit codes (docs/decisions/0009): 0 all is well · 1 something failed · 2 wrong usage · 3 nothing failed, but
something is not sealed or could not be checked.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from crawler import show
from crawler.commands.root import evidence
from crawler.errors import EvidenceError, UsageError

__all__ = ["evidence", "main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point: errors that we raise on purpose become one clear line and an exit code."""
    try:
        evidence.main(args=arguments, prog_name="evidence", standalone_mode=True)
    except UsageError as error:
        click.echo(show.failure(error), err=True)
        sys.exit(2)
    except (EvidenceError, OSError) as error:
        click.echo(show.failure(error), err=True)
        sys.exit(1)
    sys.exit(0)
