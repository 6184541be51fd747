"""Running detectors over an archive: each reads the corpus, what they find is kept, the log says what was done."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Finding
from crawler.store.findings import Detection, NewFinding, keep, read_until
from crawler.store.session import Session

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Detected:
    """What one detector found: all it found, and how many of these are new to the archive; by grade."""

    title: str
    found: Counter[str] = field(default_factory=Counter)
    new: int = 0


def detect(
    session: Session, detectors: Sequence[Detector], *, again: bool = False, progress: Progress | None = None
) -> dict[str, Detected]:
    """Run detectors and keep what they find. `again`: everything is read, also what this version has read before.

    Each detector's findings are kept when it ends, so that an interrupted run goes on with the next one.
    Raises FindingError for a finding that may not be shown, before anything of that detector is kept.
    """
    told: dict[str, Detected] = {}
    for number, detector in enumerate(detectors):
        told[detector.name] = _run(session, detector, again=again)
        if progress is not None:
            progress(number + 1, len(detectors))
    return told


def _run(session: Session, detector: Detector, *, again: bool) -> Detected:
    read, whole = session.index.leaves, again or detector.whole
    since = 0 if whole else read_until(session.index, detector.name, detector.version)
    findings = _distinct(detector.detect(Corpus(session.index, archive=session.archive, since=since)))
    made = Detection(
        detector=detector.name,
        version=detector.version,
        read=read,
        whole=whole,
        findings=[_as_new(finding) for finding in findings],
    )
    new = keep(session, made)
    return Detected(detector.title, Counter(str(finding.grade) for finding in findings), len(new))


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each once, ordered by id: the log must not depend on the order in which a detector goes about."""
    return [finding for _, finding in sorted({finding.id: finding for finding in findings}.items())]


def _as_new(finding: Finding) -> NewFinding:
    return NewFinding(
        id=finding.id,
        key=finding.key,
        digest=finding.digest,
        content=finding.content,
        captures=finding.captures,
    )
