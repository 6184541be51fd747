"""Bounds for everything that waits or reads: threads with a deadline, files and commands with an end, plain text."""

import os
import re
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")

TEXT = 200  # characters of one text in a result
FILE_LIMIT = 1 << 20  # bytes
_HOMES = re.compile(r"^(/home/|/Users/|/var/home/)[^/]+")


@dataclass(slots=True)
class Ended(Generic[T]):
    """How one task ended: with a value, with an error, or with neither, because its time was up."""

    value: T | None = None
    error: Exception | None = None
    late: bool = True
    seconds: float = 0.0  # that it was given


def run_each(tasks: Mapping[K, Callable[[], T]], seconds: Callable[[K], float]) -> dict[K, Ended[T]]:
    """Run every task in a thread of its own; each has its own deadline, counted from now.

    A thread that is late is left behind: it is a daemon, so it delays neither the run nor the end of the program
    (a system resolver that nobody answers waits for half a minute and cannot be interrupted).
    """
    began = time.monotonic()
    running = {key: _Running(work) for key, work in tasks.items()}
    for thread in running.values():
        thread.start()
    for key, thread in running.items():
        thread.join(max(0.0, began + seconds(key) - time.monotonic()))
    return {key: thread.ended(seconds(key)) for key, thread in running.items()}


class _Running(threading.Thread, Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="environment-check", daemon=True)
        self._work = work
        self._result: Ended[T] | None = None

    def run(self) -> None:
        try:
            self._result = Ended(value=self._work(), late=False)
        except Exception as error:  # noqa: BLE001 - handed to the caller, who writes it down as the reason
            self._result = Ended(error=error, late=False)

    def ended(self, seconds: float) -> Ended[T]:
        """The result by now; a later one is not looked at any more."""
        found = self._result or Ended()
        found.seconds = seconds
        return found


def read_bounded(path: Path, limit: int = FILE_LIMIT) -> bytes:
    """A regular file of at most `limit` bytes (files of /proc say 0 and have more). Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path.name} is not a regular file")
        content = bytearray()
        while piece := os.read(descriptor, limit + 1 - len(content)):
            content += piece
            if len(content) > limit:
                raise OSError(f"{path.name} has more than {limit} bytes")
    finally:
        os.close(descriptor)
    return bytes(content)


def run_command(arguments: Sequence[str], seconds: float) -> str:
    """What a command prints. Raises OSError if it is not there, fails, or has not ended in time (it is killed)."""
    started = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        printed, _ = started.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        os.killpg(started.pid, signal.SIGKILL)  # a session of its own: its children end with it
        started.communicate()
        raise OSError(f"{arguments[0]} did not end within {seconds:g} s") from error
    if started.returncode:
        raise OSError(f"{arguments[0]} ended with {started.returncode}")
    return printed.decode("utf-8", "replace")


def plain(text: object, limit: int = TEXT) -> str:
    """Text that any JSON and any terminal can hold: printable, at most `limit` characters."""
    whole = "".join(
        character if character.isprintable() and not "\ud800" <= character <= "\udfff" else "\ufffd"
        for character in str(text)[: limit + 1]
    )
    return whole if len(whole) <= limit else f"{whole[: limit - 1]}…"


def plain_path(path: Path | str) -> str:
    """A path without anybody's name: what lies in a home folder begins with ``~``."""
    text = str(path)
    home = str(Path.home())
    if home not in ("/", "") and (text == home or text.startswith(f"{home}/")):
        text = "~" + text[len(home) :]
    return plain(_HOMES.sub("~", text))
