"""Requests that a service worker makes itself, e.g. to fill its cache: no page's session sees them.

The driver tells of them for the whole browser context. In `browser.py`::

    context.on("request", lambda request: … if request.service_worker: keep it in a list)
    …                                          # before traffic.finish():
    for request in kept:
        traffic.take(await seen_by_worker(request, viewing.max_body, broken=BROKEN))

The driver gives no exact heads, only the fields, sorted by name; so nothing here is marked exact.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from crawler import clock
from crawler.engine.rendering import heads
from crawler.engine.rendering.look import Json, Seen

_CALL = 5.0  # seconds for the answer, then for its body


class Answer(Protocol):
    """What the driver tells of an answer; Playwright's Response is one."""

    @property
    def status(self) -> int: ...

    @property
    def status_text(self) -> str: ...

    async def headers_array(self) -> Sequence[Any]: ...

    async def server_addr(self) -> Any: ...

    async def body(self) -> bytes: ...


class Asked(Protocol):
    """What the driver tells of a request; Playwright's Request is one."""

    @property
    def url(self) -> str: ...

    @property
    def method(self) -> str: ...

    @property
    def resource_type(self) -> str: ...

    @property
    def post_data_buffer(self) -> bytes | None: ...

    @property
    def timing(self) -> Any: ...

    @property
    def failure(self) -> str | None: ...

    async def all_headers(self) -> dict[str, str]: ...

    async def response(self) -> Any: ...


async def seen_by_worker(request: Asked, max_body: int, *, broken: tuple[type[BaseException], ...]) -> Seen:
    """The exchange, as far as the driver tells of it; what it does not give within seconds is left out."""
    began = float(request.timing.get("startTime") or 0) / 1000  # ms since 1970; 0 or less: not known
    seen = Seen(
        id="worker",
        url=request.url,
        method=request.method,
        kind=request.resource_type.capitalize(),
        started=clock.stamp(datetime.fromtimestamp(began, UTC)) if began > 0 else clock.now(),
        worker="asked",
        request_body=request.post_data_buffer or b"",
    )
    gone: tuple[type[BaseException], ...] = (*broken, TimeoutError)
    try:
        async with asyncio.timeout(_CALL):
            fields: Json = dict(await request.all_headers())
            seen.request_head = heads.request_head(seen.method, seen.url, fields)
            answer: Answer | None = await request.response()
            if answer is not None:
                await _answered(seen, answer)
        if answer is not None:
            async with asyncio.timeout(_CALL):
                await _body(seen, answer, max_body)
    except gone as error:
        seen.failed = None if seen.status else (request.failure or f"not told: {error}"[:300])
        seen.truncated = "unspecified" if seen.status and seen.body is None else None
    if seen.status is None:
        seen.failed = seen.failed or request.failure or "no answer"
    seen.ended = clock.now()
    return seen


async def _answered(seen: Seen, answer: Answer) -> None:
    fields = [dict(entry) for entry in await answer.headers_array()]
    seen.status = answer.status
    seen.head = heads.answer_head(None, answer.status, answer.status_text, fields)
    address = await answer.server_addr()
    if address:
        seen.peer = f"{address['ipAddress']}:{address['port']}"


async def _body(seen: Seen, answer: Answer, max_body: int) -> None:
    body = await answer.body()
    seen.body = body[:max_body]
    seen.truncated = "length" if len(body) > max_body else None
