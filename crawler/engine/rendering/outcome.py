"""How a look ended: its state, and in words what is not as it should be."""

from collections.abc import Sequence

from crawler.engine.rendering.hop import ENDLESS_KINDS
from crawler.engine.rendering.look import Look, Seen

_NAMED = 3


def outcome(look: Look, early: str | None, unrest: Sequence[str]) -> tuple[str, str | None]:
    """State and reason. `early`: why the look was cut short; `unrest`: why the page was not at rest.

    Partial: the page's own answer is there, but an artefact, a part of an answer or the page's rest is missing.
    Failed: nothing of the page itself is there.
    """
    reasons = [early] if early else []
    reasons += unrest
    if look.missing:
        reasons.append("missing: " + ", ".join(sorted(look.missing)))
    if cut := [seen for seen in look.exchanges if _is_cut(seen)]:
        named = ", ".join(f"{seen.url[:120]} ({seen.truncated or seen.failed})" for seen in cut[:_NAMED])
        reasons.append(f"cut: {len(cut)} exchange(s), {named}")
    if any(seen.main and seen.head is not None for seen in look.exchanges) or look.artefacts:
        return ("partial", "; ".join(reasons)) if reasons else ("complete", None)
    return "failed", "; ".join(reasons) or "the browser opened no page"


def _is_cut(seen: Seen) -> bool:
    """Whether an answer began and did not come whole, although it has an end."""
    return seen.truncated is not None and seen.kind not in ENDLESS_KINDS and not seen.cache
