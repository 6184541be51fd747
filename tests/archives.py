"""Small archives for tests: one configuration, captures without a crawl, authorities without a socket."""

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from crawler import clock
from crawler.config import AuthorityConfig, Config
from crawler.demo.tsa import DemoAuthority
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.manifest import Capture
from crawler.evidence.report import Report
from crawler.evidence.verify import verify
from crawler.evidence.warc import Record, encode, new_record_id
from crawler.items import Provenance, Review
from crawler.store.session import Session

RUN = "20261122T000000-0000"


def config(*authorities: str) -> Config:
    """A configuration that names these authorities; their addresses lead nowhere."""
    return Config(
        origin="evidence.invalid/test",
        organisation="某某市消费者委员会",
        operator="张三",
        contact="wq@example.org",
        delay_seconds=0.0,
        authorities=tuple(AuthorityConfig(name, f"http://{name}.invalid/") for name in authorities),
    )


def make(path: Path, tsas: Sequence[DemoAuthority] = ()) -> Path:
    """A closed archive with its index, trusting these authorities."""
    archive = Archive.create(path, config(*(tsa.name for tsa in tsas)))
    for tsa in tsas:
        (path / f"trust/{tsa.name}.pem").write_bytes(tsa.trust_pem)
    Session.take(archive).close()
    return path


def page(body: bytes = b"<p>very good</p>", *, run: str = RUN, url: str = "http://shop.invalid/1") -> Draft:
    """A capture of one page, as the recorder would hand it over."""
    began = clock.now()
    message = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    record = Record(
        type="response",
        id=new_record_id(),
        date=began,
        content_type="application/http;msgtype=response",
        block=message,
        target_uri=url,
        payload=body,
    )
    capture = Capture(
        id=uuid.uuid4().hex,
        run=run,
        site="test",
        url=url,
        method="GET",
        state="complete",
        fidelity="wire-exact",
        started=began,
        ended=began,
        records=(),
        status=200,
        media_type="text/html",
        request_key=uuid.uuid4().hex,
    )
    return Draft(capture, (encode(record),))


def drafted(draft: Draft) -> Callable[[], Draft]:
    """What `Session.record` takes."""
    return lambda: draft


def traced(capture: Capture, ordinal: int = 0) -> Provenance:
    """The provenance of an item of that capture."""
    response = capture.response
    assert response is not None
    return Provenance(
        capture=capture.id,
        captured_at=capture.started,
        url=capture.url,
        locator=str(response.locator),
        payload_digest=str(response.payload_digest),
        extractor="test:parse",
        version=1,
        ordinal=ordinal,
    )


def review(capture: Capture, ordinal: int = 0, **fields: str) -> Review:
    """An item as it comes out of the pipelines."""
    provenance = traced(capture, ordinal)
    return Review(identifier=f"r{ordinal}", review_body="很好", site="test", provenance=provenance, **fields)


def sender(*tsas: DemoAuthority) -> Callable[[str, bytes], bytes]:
    """Posts a query to one of these authorities by its name in the address; no network."""
    by_name = {f"http://{tsa.name}.invalid/": tsa for tsa in tsas}

    def send(url: str, query: bytes) -> bytes:
        if url not in by_name:
            raise OSError("connection refused")
        return by_name[url].reply(query)

    return send


def nothing_failed(path: Path, *, times: bool = False) -> Report:
    """Verify; whatever may not have been checked, nothing must have failed."""
    report = verify(path, times=times)
    assert report.status != "failed", report.to_text()
    return report
