"""docs/cli.md from the commands' own help.

    python -m tests.cli_docs

writes it; tests/test_cli.py compares.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from crawler.cli import evidence

DOCUMENT = Path(__file__).parents[1] / "docs/cli.md"
WIDTH = 110
HEAD = """\
# The command `evidence`

Written from the commands' own `--help` by `make docs`; do not edit. What the exit codes say:
[decisions/0009](decisions/0009-exit-codes.md). `python -m crawler` is the same command.
"""


def contexts() -> list[click.Context]:
    """A context of every command, groups before their commands, in the order of `--help`."""
    settings = {**evidence.context_settings, "max_content_width": WIDTH, "terminal_width": WIDTH}
    return list(_walk(click.Context(evidence, info_name="evidence", **settings)))


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            part = context.command.get_command(context, name)
            if part is None:
                raise LookupError(f"{name} is listed but not there")
            yield from _walk(click.Context(part, info_name=name, parent=context, terminal_width=WIDTH))


def document() -> str:
    """The text of docs/cli.md."""
    parts = [HEAD]
    for context in contexts():
        parts.append(f"## `{context.command_path}`\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
