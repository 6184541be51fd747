"""A small archive made by hand, with two time-stamping authorities, and a case over it. For tests only."""

import gzip
from dataclasses import dataclass
from pathlib import Path

from crawler import clock
from crawler.config import AuthorityConfig, Config
from crawler.demo.tsa import DemoAuthority
from crawler.evidence import http
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.durable import durable_write
from crawler.evidence.manifest import Capture
from crawler.evidence.timestamp import Authority, ask
from crawler.evidence.warc import Encoded, Record, encode, new_record_id
from crawler.export.model import Case, Exhibit

GBK_TITLE = "刷单返现群 招募体验官"
CASE = Case(
    id="2026-001",
    title="某店铺涉嫌组织虚假评价",
    cause="涉嫌虚假宣传",
    submitter="某市消费者权益保护委员会",
    created="2026-11-22T08:00:00.000000Z",
)


@dataclass(frozen=True)
class Sample:
    """The archive's folder, its authorities, and the ids of its captures by their names in `PAGES`."""

    path: Path
    authorities: tuple[DemoAuthority, ...]
    captures: dict[str, str]


def make_authorities(folder: Path) -> tuple[DemoAuthority, DemoAuthority]:
    """Two authorities with different keys, the second with an intermediate CA."""
    return DemoAuthority(folder / "tsa-a", "tsa-a"), DemoAuthority(
        folder / "tsa-b", "tsa-b", intermediate=True
    )


def make_sample(path: Path, authorities: tuple[DemoAuthority, ...]) -> Sample:
    """Three sealed steps: nothing yet; a page, a chunked one and a JSON answer; a redirect and a failure."""
    config = Config(
        origin="evidence.example/sample",
        organisation="某市消费者权益保护委员会",
        operator="张三",
        contact="zhang@evidence.example",
        authorities=tuple(AuthorityConfig(tsa.name, "http://127.0.0.1:1/") for tsa in authorities),
    )
    captures: dict[str, str] = {}
    with Archive.create(path, config) as archive:
        for tsa in authorities:
            durable_write(path / f"trust/{tsa.name}.pem", tsa.trust_pem)
        seal(archive, authorities)
        for names in (("forum", "chunked", "reviews"), ("redirect", "refused")):
            drafts = [DRAFTS[name](name) for name in names]
            captures |= {
                name: capture.id for name, (_, capture) in zip(names, archive.commit(drafts), strict=True)
            }
            archive.record_event("run-closed", {"run": "r1", "captures": len(names)})
            seal(archive, authorities)
    return Sample(path, authorities, captures)


def exhibits(sample: Sample) -> tuple[Exhibit, ...]:
    """Two groups, three exhibits, with a title that would be a formula and a purpose of two lines."""
    ids = sample.captures
    return (
        Exhibit(
            number="1-1",
            group="B",
            title="招募帖“体验官”",
            purpose="证明涉嫌以返现为条件招募好评",
            captures=(ids["forum"], ids["redirect"]),
        ),
        Exhibit(
            number="2-1",
            group="D",
            title="=评价接口",
            purpose="证明评价内容\n及数量",
            captures=(ids["reviews"],),
        ),
        Exhibit(
            number="2-2", group="D", title="评价页", purpose="同上", captures=(ids["chunked"], ids["refused"])
        ),
    )


def seal(archive: Archive, authorities: tuple[DemoAuthority, ...]) -> None:
    """Sign a checkpoint and have every authority stamp it."""
    note = archive.sign_checkpoint()
    folder = archive.path / "log/stamps" / str(archive.log.size)
    folder.mkdir(exist_ok=True)
    for tsa in authorities:
        authority = Authority.from_pem(tsa.name, "http://127.0.0.1:1/", tsa.trust_pem)
        token = ask(note, authority, lambda _url, query, tsa=tsa: tsa.reply(query))
        for suffix, content in (("tsq", token.tsq), ("tsr", token.tsr), ("chain.pem", token.chain_pem)):
            durable_write(folder / f"{tsa.name}.{suffix}", content)
    archive.refresh_seal()


def draft(name: str, message: bytes | None, *, url: str, state: str = "complete") -> Draft:
    """A capture of one exchange: response and request, or only a metadata record for a failure."""
    started = clock.now()
    records: list[Encoded] = []
    if message is not None:
        head = http.parse_head(message)
        records.append(
            encode(
                Record(
                    type="response",
                    id=new_record_id(),
                    date=started,
                    content_type="application/http;msgtype=response",
                    block=message,
                    target_uri=url,
                    payload=http.payload(message),
                    declare_payload=not head.chunked,
                    fields=(("WARC-IP-Address", "127.0.0.1"),),
                )
            )
        )
        sent = b"GET /%s HTTP/1.1\r\nHost: market.example\r\n\r\n" % name.encode()
        records.append(_plain("request", started, url, "application/http;msgtype=request", sent))
    else:
        records.append(_plain("metadata", started, url, "application/json", b'{"outcome": "failed"}'))
    capture = Capture(
        id=f"{name:x<32}",
        run="r1",
        site="market",
        url=url,
        method="GET",
        state=state,
        reason=None if state == "complete" else "connection refused",
        fidelity="wire-exact",
        started=started,
        ended=clock.now(),
        records=(),
        status=http.parse_head(message).status if message is not None else None,
    )
    return Draft(capture, tuple(records))


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """An HTTP/1.1 response."""
    head = "".join(f"{field}\r\n" for field in (f"HTTP/1.1 {status}", *fields))
    return head.encode("latin-1") + b"\r\n" + body


def _plain(kind: str, date: str, url: str, content_type: str, block: bytes) -> Encoded:
    return encode(
        Record(
            type=kind, id=new_record_id(), date=date, content_type=content_type, block=block, target_uri=url
        )
    )


def _forum(name: str) -> Draft:
    page = f"<html><head><meta charset=gbk><title> {GBK_TITLE}\n</title></head><body>{'好评返现' * 200}</body></html>"
    body = gzip.compress(page.encode("gbk"), mtime=0)
    fields = ("Content-Type: text/html", "Content-Encoding: gzip", f"Content-Length: {len(body)}")
    return draft(name, answer(body, *fields), url="http://market.example/forum?tid=1")


def _chunked(name: str) -> Draft:
    page = "<!doctype html><title>评价 &amp; 晒单</title><p>物流很快，下次再来".encode()
    chunks = [page[:40], page[40:]]
    # Without chunk extensions: ReplayWeb.page 2.5.3 shows the framing of chunks that have some.
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    fields = ("content-type: Text/HTML; charset=utf-8", "Transfer-Encoding: chunked")
    return draft(name, answer(body, *fields), url="http://market.example/item/2")


def _reviews(name: str) -> Draft:
    body = '{"comments": [{"content": "非常好"}]}'.encode()
    fields = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    return draft(name, answer(body, *fields), url="http://market.example/api/reviews?page=1&item=2")


def _redirect(name: str) -> Draft:
    message = answer(b"", "Location: /forum?tid=1", "Content-Length: 0", status="302 Found")
    return draft(name, message, url="http://market.example/old")


def _refused(name: str) -> Draft:
    return draft(name, None, url="http://down.example/", state="failed")


DRAFTS = {
    "forum": _forum,
    "chunked": _chunked,
    "reviews": _reviews,
    "redirect": _redirect,
    "refused": _refused,
}
