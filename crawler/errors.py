"""The error tree.

    EvidenceError
    ├── UsageError            the caller asked for something that cannot be (CLI exit 2)
    ├── ConfigError           evidence.toml is missing a value or has a wrong one
    ├── ArchiveError          the archive as a whole refuses
    │   ├── ArchiveMissing    no archive here; only `evidence init` makes one
    │   ├── ArchiveLocked     another process is writing
    │   └── DiskFull          not enough room to record the next capture
    ├── FormatError           bytes that are not what they claim (WARC, manifest, note, token, zip)
    ├── LogError              the log refuses to go on
    │   ├── LogForked         entries contradict a checkpoint that we signed
    │   └── LogShorter        entries that a checkpoint or the database knows are gone
    ├── RecordError           a fetched page could not be made durable; the crawl stops
    ├── TimestampError        a TSA did not answer, refused, or answered with a token that does not verify
    │   └── NotJudged         a token that no tool here can judge, e.g. one signed with SM2: neither good nor bad
    └── ExtractionError       a page is not what its spider expects

A message says what happened, with which value, and what to do next.
"""


class EvidenceError(Exception):
    """Base of every error that this project raises on purpose."""


class UsageError(EvidenceError):
    """The caller asked for something that cannot be."""


class ConfigError(EvidenceError):
    """evidence.toml lacks a value or holds a wrong one."""


class ArchiveError(EvidenceError):
    """The archive as a whole refuses."""


class ArchiveMissing(ArchiveError):
    """There is no archive at this place."""


class ArchiveLocked(ArchiveError):
    """Another process is writing to the archive."""


class DiskFull(ArchiveError):
    """There is not enough room to record the next capture."""


class FormatError(EvidenceError):
    """Bytes are not what they claim to be."""


class LogError(EvidenceError):
    """The log refuses to go on."""


class LogForked(LogError):
    """The entries contradict a checkpoint that was signed."""


class LogShorter(LogError):
    """Entries that a checkpoint or the database knows are gone."""


class RecordError(EvidenceError):
    """A fetched page could not be made durable."""


class TimestampError(EvidenceError):
    """A TSA did not answer, refused, or its token does not verify."""


class NotJudged(TimestampError):
    """A timestamp token that no tool on this machine can judge: it is neither good nor bad, and does not count."""


class ExtractionError(EvidenceError):
    """A page is not what its spider expects."""
