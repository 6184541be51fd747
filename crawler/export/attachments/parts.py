"""Which files go into which submission, in their order."""

from collections.abc import Sequence

from crawler.attachment_limits import AttachmentLimits
from crawler.errors import UsageError


def packed(sizes: Sequence[int], limits: AttachmentLimits, index: int) -> list[list[int]]:
    """The numbers (from 0) of files with these sizes in bytes, by part; each part also holds an index, `index` bytes.

    Order is kept: who reads part 2 has read part 1. Raises UsageError where the index leaves no room for a file.
    """
    parts: list[list[int]] = []
    files, total = 0, 0
    for number, size in enumerate(sizes):
        if limits.most_total and index + size > limits.most_total:
            raise UsageError(
                f"attachments.{limits.name}: a file of {size} bytes and the index of {index} bytes exceed"
                f" max_total_megabytes: raise it, or lower max_megabytes"
            )
        full = files == limits.most_files or (limits.most_total and total + size > limits.most_total)
        if not parts or full:
            parts.append([])
            files, total = 1, index
        parts[-1].append(number)
        files, total = files + 1, total + size
    return parts
