"""Two looks at one page: what plain HTTP brought, and what the browser showed.

Pages that show a crawler something else than a person are known as cloaked; here that is only ever suspected
(疑似). A script page grows in the browser, and pages differ in times, counters, tokens and advertisements:
none of this is a difference. Evidence of one is main text that the plain page has and the browser did not show,
or a title, address, price, rating or review count that contradicts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crawler.engine.rendering.main_text import MOST_TEXT, Line, is_cut, lines, parsed
from crawler.engine.rendering.page_facts import contradictions, facts
from crawler.engine.rendering.passages import Known, Share, comparable, share

Json = dict[str, Any]

ALIKE, GROWN, DIFFERS, EMPTY_PLAIN = "alike", "grown", "differs", "empty-plain"
# Widths are in half-widths (passages.width): 30 Chinese characters, 60 Latin letters.
PASSAGE = 60  # so much text is enough to speak of a difference
SHORT_PASSAGE = 20  # or so much, where it is a fifth of a short page
NOTHING = 40  # a plain page with less main text than that holds none
MOST_QUOTES = 10
QUOTE = 120  # characters of one quote

REASONS = {
    ALIKE: "两次取得的正文一致",
    GROWN: "浏览器中的正文多于直接取得的网页（脚本载入内容，属常见情形）",
    EMPTY_PLAIN: "直接取得的网页没有正文，内容由脚本载入",
    DIFFERS: "疑似对不同访问方式显示不同内容",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the two looks differ in. `equality` is the share of main text that both have, in permille.

    `gone`: lines of the plain page that the rendered one lacks; `hidden`: lines that it has and does not show;
    `added`: the other way round. Each at most MOST_QUOTES quotes, the longest first.
    """

    verdict: str  # ALIKE, GROWN, DIFFERS or EMPTY_PLAIN
    equality: int
    gone: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    contradictions: tuple[Json, ...] = ()  # {"what", "plain": values, "rendered": values}
    truncated: bool = False  # a page was longer than what is compared

    def to_json(self) -> Json:
        """For `Capture.look`: small, no floats, empty lists left out. `reason` is for people."""
        lists = {
            name: list(found)
            for name in ("gone", "hidden", "added", "contradictions")
            if (found := getattr(self, name))
        }
        cut = {"truncated": True} if self.truncated else {}
        return {
            "verdict": self.verdict,
            "reason": REASONS[self.verdict],
            "equality": self.equality,
            **lists,
            **cut,
        }


def compare(plain_html: str, rendered_html: str, visible: Sequence[str] | None = None) -> Comparison:
    """Compare the page that plain HTTP brought with the DOM that the browser had in the end.

    `visible`: the texts that were to be seen on screen, if known; then text that is in the DOM and was not
    seen counts as hidden. Tabs and folded parts hide text too, so it is suspicious only where other text stands in
    the place of half of the page. Never raises for what a page holds; time and memory are linear and bounded.
    """
    plain, rendered = parsed(plain_html), parsed(rendered_html)
    before, after = lines(plain), lines(rendered)
    everything = Known(line.text for line in after)
    shown = Known((line.text for line in after if not line.hidden) if visible is None else _bounded(visible))
    main = _main(before)
    gone, unseen = share(main, everything), share(main, shown)
    seen = _seen(after, shown, visible)
    added = share(seen, Known(line.text for line in before if not line.hidden))
    absent = set(gone.missing)
    objections = contradictions(facts(plain, main), facts(rendered, seen))
    verdict = _verdict(gone, unseen, added, objections)
    everywhere = unseen.whole + added.whole
    return Comparison(
        verdict=verdict,
        equality=(unseen.found + added.found) * 1000 // everywhere if everywhere else 1000,
        gone=_quotes(gone.missing),
        hidden=_quotes([line for line in unseen.missing if line not in absent]),
        added=_quotes(added.missing),
        contradictions=() if verdict == EMPTY_PLAIN else tuple(objections),
        truncated=is_cut(plain_html, before) or is_cut(rendered_html, after),
    )


def _verdict(gone: Share, unseen: Share, added: Share, objections: Sequence[Json]) -> str:
    if gone.whole < NOTHING <= added.lost:
        return EMPTY_PLAIN
    swapped = unseen.lost * 2 >= unseen.whole and _is_much(unseen) and _is_much(added)
    if objections or swapped or _is_much(gone):
        return DIFFERS
    return GROWN if added.lost >= PASSAGE else ALIKE


def _is_much(part: Share) -> bool:
    return part.lost >= PASSAGE or (part.lost >= SHORT_PASSAGE and part.lost * 5 >= part.whole)


def _main(read: Sequence[Line]) -> list[str]:
    return [line.text for line in read if line.main]


def _seen(after: Sequence[Line], shown: Known, visible: Sequence[str] | None) -> list[str]:
    """The main lines of the rendered page, of which at least half was to be seen."""
    main = _main(after)
    if visible is None:
        return main
    flags = shown.found([comparable(line) for line in main])
    return [line for line, found in zip(main, flags, strict=True) if 2 * sum(found) >= len(found)]


def _bounded(visible: Sequence[str]) -> list[str]:
    """As many of the texts as pages are read of."""
    kept, left = [], MOST_TEXT
    for text in visible:
        kept.append(text[:left])
        left -= len(text)
        if left <= 0:
            break
    return kept


def _quotes(missing: Sequence[str]) -> tuple[str, ...]:
    longest = sorted(dict.fromkeys(missing), key=len, reverse=True)[:MOST_QUOTES]
    return tuple(line if len(line) <= QUOTE else f"{line[:QUOTE]}…" for line in longest)
