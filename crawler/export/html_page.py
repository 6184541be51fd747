"""A Markdown text of ours as one HTML file: for readers who do not know what a .md file is.

Reads only the Markdown that sheet.py writes: headings, paragraphs, lists, ```sh blocks, `code` and **bold**.
Nothing is loaded from elsewhere and nothing runs (Content-Security-Policy); it prints on A4.
"""

import html
import re
from collections.abc import Iterator

_PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 20mm 18mm; }}
body {{ max-width: 46em; margin: 2em auto; padding: 0 1em; line-height: 1.7; color: #000; background: #fff;
  font-family: SimSun, "Songti SC", "Noto Serif CJK SC", serif; }}
h1 {{ text-align: center; }}
h1, h2 {{ line-height: 1.3; break-after: avoid; }}
code, pre {{ font-family: Consolas, Menlo, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; font-size: 85%; }}
code {{ overflow-wrap: anywhere; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; padding: .6em .8em; border: 1px solid #888;
  background: #f6f6f6; line-height: 1.4; break-inside: avoid; }}
@media print {{ body {{ max-width: none; margin: 0; padding: 0; font-size: 10.5pt; }} pre {{ background: none; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_LIST_ITEM = re.compile(r"(?:(\d+)\.|-) (.*)")
_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*")


def html_page(markdown: str) -> str:
    """The page; its title is that of the first heading."""
    lines = markdown.split("\n")
    title = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")
    return _PAGE.format(title=html.escape(title), body="\n".join(_blocks(lines)))


def _blocks(lines: list[str]) -> Iterator[str]:
    """One piece of HTML for each block. Blank lines part blocks, except that items of a list stay together."""
    rest = iter(lines)
    paragraph: list[str] = []
    for line in rest:
        fence, heading = line.startswith("```"), re.match(r"(#+) (.*)", line)
        if line and not fence and not heading:
            paragraph.append(line)
            continue
        yield from _paragraph(paragraph)
        paragraph = []
        if heading:
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
        elif fence:
            code = list(iter(lambda: next(rest, "```"), "```"))
            yield f"<pre>{html.escape(chr(10).join(code), quote=False)}</pre>"
    yield from _paragraph(paragraph)


def _paragraph(lines: list[str]) -> Iterator[str]:
    """A paragraph, or a list where lines begin with a number or a dash; other lines go on with what is before."""
    parts: list[tuple[str, str]] = []  # tag, text
    for line in lines:
        item = _LIST_ITEM.fullmatch(line)
        if item:
            parts.append(("ol" if item[1] else "ul", item[2]))
        elif parts:
            tag, text = parts[-1]
            parts[-1] = (tag, _joined(text, line.strip()))
        else:
            parts.append(("p", line))
    for number, (tag, text) in enumerate(parts):
        if tag == "p":
            yield f"<p>{_inline(text)}</p>"
            continue
        begin = f"<{tag}>" if number == 0 or parts[number - 1][0] != tag else ""
        end = f"</{tag}>" if number + 1 == len(parts) or parts[number + 1][0] != tag else ""
        yield f"{begin}<li>{_inline(text)}</li>{end}"


def _joined(text: str, line: str) -> str:
    """Two lines of a paragraph: Chinese runs on without a blank, words of Latin letters do not."""
    return f"{text} {line}" if text[-1:].isascii() and line[:1].isascii() else text + line


def _inline(text: str) -> str:
    pieces, end = [], 0
    for match in _INLINE.finditer(text):
        pieces.append(html.escape(text[end : match.start()], quote=False))
        code, strong = match[1], match[2]
        inner = f"<strong>{_inline(strong)}</strong>" if code is None else f"<code>{html.escape(code)}</code>"
        pieces.append(inner)
        end = match.end()
    return "".join(pieces) + html.escape(text[end:], quote=False)
