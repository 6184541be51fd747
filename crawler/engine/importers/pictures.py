"""Photos, screenshots, recordings and documents that a person made: each file is one capture of its own bytes.

What is known of them is what somebody noted; a date inside the file (EXIF) is set by whoever holds the camera, and is
kept as a claim beside the note. The address of such a capture is ``urn:evidence:import:<sha256>``.
"""

from collections.abc import Iterator
from pathlib import Path

from crawler.engine.importers.exif import taken_at
from crawler.engine.importers.found import Exchange, Found, Json, Step, Terms, claims_of
from crawler.engine.importers.notes import Note
from crawler.evidence.checks.reading import open_regular

LIMIT = 256 << 20  # bytes of a recording that go into a record; the file itself is kept whole whatever it has
_EXIF_IN = 256 << 10


class PictureSource:
    """One file."""

    format = "picture"

    def __init__(self, path: Path, terms: Terms, media_type: str, sha256: str, note: Note) -> None:
        self.path = path
        self._limit = max(terms.body_limit, LIMIT)
        self._media_type = media_type
        self._sha256 = sha256
        with open_regular(path) as stream:
            begins = stream.read(_EXIF_IN)
        self.claims: Json = claims_of(
            date=note.get("when"),
            where=note.get("where"),
            who=note.get("who"),
            what=note.get("what"),
            exif_date=taken_at(begins),
        )
        self.counts: dict[str, int] = {}

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """The one file."""
        size = self.path.stat().st_size
        large = size > self._limit
        content = None
        if bodies and not large:
            with open_regular(self.path) as stream:
                content = stream.read(self._limit)
        yield Exchange(
            key="#1",
            url=f"urn:evidence:import:{self._sha256}",
            resource=content,
            media_type=self._media_type,
            reason=f"the file has {size} bytes, more than {self._limit}: it is kept whole, but in no record"
            if large
            else None,
            claimed=self.claims,
        )
        step(size)
        self.counts = {"file": 1}
