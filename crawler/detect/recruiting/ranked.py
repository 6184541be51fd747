"""What to read next: posts that the user's own model ranks high and the rules do not find. It decides nothing."""

from dataclasses import dataclass
from pathlib import Path

from crawler.detect.kit.corpus import Corpus
from crawler.detect.recruiting.gathered import texts
from crawler.detect.text.linear import load
from crawler.detect.text.ranking import KIND, features, shown
from crawler.detect.text.slots import best_reading

MODEL = Path("models/recruitment.json")  # within the archive; `evidence train recruitment` writes it
MOST = 20  # posts: what a person reads at a sitting
_REASONS = 5
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A post to read. `score`: 0…1, for the order only; `reasons`: what weighed most for it, Chinese."""

    site: str
    identifier: str
    url: str
    capture: str
    score: float
    reasons: tuple[str, ...]


def worth_reading(corpus: Corpus, model: Path, most: int = MOST) -> list[Suggestion]:
    """Posts at or above the model's threshold that the rules leave alone, highest first; none of the press.

    Raises UsageError where the model cannot be read or is of another version. Linear in the text.
    """
    learnt = load(model, KIND)
    found: list[Suggestion] = []
    for text in (each for each in texts(corpus) if not each.press):
        seen = features(text.whole)
        score = learnt.score(seen)
        if score >= learnt.threshold and not best_reading(text.whole).found:
            parts = learnt.reasons(seen)
            reasons = [shown(name) for name, part in parts.items() if part > 0][:_REASONS]
            post = text.post
            found.append(
                Suggestion(
                    post.site, post.identifier, post.url, post.capture, round(score, _DIGITS), tuple(reasons)
                )
            )
    found.sort(key=lambda each: (-each.score, each.site, each.identifier))
    return found[:most]
