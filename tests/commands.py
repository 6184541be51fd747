"""The command `evidence` inside the test's process, and what it printed."""

import json
from typing import Any, NamedTuple

import pytest

from crawler.cli import main


class Printed(NamedTuple):
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output read as JSON."""
        return json.loads(self.out)


def evidence(capsys: pytest.CaptureFixture[str], *arguments: object) -> Printed:
    """Run one command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return Printed(int(ended.value.code or 0), out, err)
