"""The style sheets in `style.toml`, squeezed to one line each."""

from functools import cache
from pathlib import Path
from tomllib import loads


@cache
def style(name: str) -> str:
    """The sheet of one family of pages: shop, forum, news."""
    sheets = loads(Path(__file__).with_name("style.toml").read_text("utf-8"))
    return "".join(sheets[name].splitlines())
