"""Cookies and tokens never leave the sealed original: what is cut out, what stays, and what proves the two."""

import base64
import gzip
import hashlib
import html
import json
import quopri
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from urllib.parse import quote

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.evidence.archive import Archive, Draft
from crawler.evidence.manifest import MAX_LEAF
from crawler.withholding import Secret, find_secrets, withhold
from crawler.withholding.rules import rules
from tests.archives import config, nothing_failed
from tests.engine.pages_with_secrets import SITE, exchange, rendered
from tests.export.hunt import hunt_bytes

TOKEN = "aB3dE5gH7jK9/mN1+pQ7rS=="
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200)


def withheld(*drafts: Draft, known: tuple[tuple[str, str], ...] = ()) -> tuple[list[Draft], list[Draft]]:
    """The drafts that may be shown, and the sealed originals."""
    made = withhold(drafts, find_secrets(drafts, known))
    assert [d.capture.id for d in made[: len(drafts)]] == [d.capture.id for d in drafts]
    return made[: len(drafts)], made[len(drafts) :]


def everything(draft: Draft) -> bytes:
    """All that would be handed over of a capture."""
    return draft.capture.to_leaf() + b"".join(encoded.stored for encoded in draft.records)


def found(drafts: list[Draft], *values: str) -> list[tuple[str, str]]:
    places = []
    for draft in drafts:
        places += hunt_bytes(draft.capture.to_leaf(), list(values))
        for encoded in draft.records:
            places += hunt_bytes(encoded.stored, list(values))
    return places


def block(draft: Draft, kind: str) -> bytes:
    return next(encoded.record.block for encoded in draft.records if encoded.record.type == kind)


def artefact(draft: Draft, name: str) -> bytes:
    look = draft.capture.look or {}
    return next(e.record.block for e in draft.records if e.record.id == look["artefacts"][name])


# What is a secret


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Cookie: theme=1; sid={}; lang=zh", "Cookie: theme=["),
        ("cookie: sid={}", "cookie: sid=["),
        ("Authorization: Bearer {}", "Authorization: Bearer ["),
        ("Proxy-Authorization: Digest {}", "Proxy-Authorization: Digest ["),
        ("X-CSRF-Token: {}", "X-CSRF-Token: ["),
        ("X-Shop-Access-Token: {}", "X-Shop-Access-Token: ["),
        ("x-xsrf-token: {}", "x-xsrf-token: ["),
        ("Referer: https://shop.example/?a=1&access_token={}&b=2", "access_token=[withheld:"),
        ("Origin: https://me:{}@shop.example", "https://me:[withheld:"),
    ],
)
def test_header_values_are_cut_out_and_their_names_stay(line: str, left: str) -> None:
    value = "q7Zk2LmP9xYw4VbT"
    (shown,), (original,) = withheld(exchange(asked=line.format(value) + "\r\n"))
    assert left.encode() in block(shown, "request")
    assert value.encode() not in everything(shown)
    assert value.encode() in block(original, "request")


def test_attributes_of_a_cookie_stay() -> None:
    head = f"Set-Cookie: sid={TOKEN}; Path=/; HttpOnly; SameSite=Lax\r\nContent-Type: text/html\r\n"
    (shown,), _ = withheld(exchange(answered=head))
    line = block(shown, "response").split(b"\r\n")[1]
    assert line.startswith(b"Set-Cookie: sid=[withheld:")
    assert line.endswith(b"]; Path=/; HttpOnly; SameSite=Lax")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"username=zhang&password=a1&go=1"),
        ("application/x-www-form-urlencoded", b"user%5Bname%5D=zhang&pwd=a1&go=1"),
        ("application/json", b'{"username": "zhang", "password": "a1", "go": 1}'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="passwd"\r\n\r\na1\r\n--x--\r\n',
        ),
    ],
)
def test_even_a_short_password_is_cut_out_of_a_form(kind: str, body: bytes) -> None:
    draft = exchange(
        method="POST", asked=f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n", sent=body
    )
    (shown,), (original,) = withheld(draft)
    head, _, left = block(shown, "request").partition(b"\r\n\r\n")
    assert b"a1" not in left.replace(b"[withheld:", b"").partition(b"]")[0][-2:]
    assert b"[withheld:" in left
    assert body.replace(b"a1", left[left.index(b"[withheld:") : left.index(b"]") + 1]) == left
    assert b"Content-Length: %d" % len(left) in head
    assert b"X-Archive-Orig-Content-Length: %d" % len(body) in head
    assert block(original, "request").endswith(body)


def test_labels_and_code_are_no_secrets() -> None:
    body = (
        '<input type="password" name="password" placeholder="密码"><script>var t={"password":"请输入密码",'
        'token:e.getToken(),"sessionid":"undefined"};a="&token="+b;if(x&&token=document.getElementById("q"))</script>'
    ).encode()
    draft = exchange(body=body)
    assert find_secrets([draft]) == ()
    assert withhold([draft], ()) == [draft]


@pytest.mark.parametrize(
    "cookie",
    ["theme=dark-mode", "item=100012043978", "zone=Asia/Shanghai", "nick=zhangsan88", "ref=shop.example"],
)
def test_common_values_stay_where_the_page_shows_them(cookie: str) -> None:
    value = cookie.partition("=")[2]
    (shown,), _ = withheld(exchange(asked=f"Cookie: {cookie}\r\n", body=f"<p>{value}</p>".encode()))
    assert value.encode() in block(shown, "response")
    assert value.encode() not in block(shown, "request").replace(b"Host: shop.example", b"")


def test_a_session_number_is_looked_for_although_it_is_a_number() -> None:
    (shown,), _ = withheld(exchange(asked="Cookie: sessionid=100012043978\r\n", body=b"<p>100012043978</p>"))
    assert b"100012043978" not in everything(shown)


def test_the_tokens_within_a_cookie_are_secrets_too() -> None:
    token = "0f3c9a7be2d145889c6b7a1e"
    (shown,), _ = withheld(exchange(asked=f"Cookie: _m_h5_tk={token}_1700000000000\r\n", body=token.encode()))
    assert found([shown], token) == []


def test_the_password_of_basic_authentication_is_found() -> None:
    coded = base64.b64encode(b"zhang:correct7horse").decode()
    (shown,), _ = withheld(exchange(asked=f"Authorization: Basic {coded}\r\n", body=b"<b>correct7horse</b>"))
    assert found([shown], "correct7horse") == []


def test_every_rule_gives_its_reason() -> None:
    assert len(rules().headers) > 3  # `rules` refuses one without
    assert rules().header("X-Requested-With") is None
    assert rules().parameter("page") is None


# Where it is looked for

SPELLED: dict[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "percent": lambda v: b"/x?u=" + quote(v, safe="").encode(),
    "percent, small": lambda v: (
        quote(v, safe="").lower().encode() if v.islower() else quote(v, safe="").encode()
    ),
    "percent, every character": lambda v: "".join(f"%{byte:02x}" for byte in v.encode()).encode(),
    "percent twice": lambda v: quote(quote(v, safe=""), safe="").encode(),
    "json": lambda v: json.dumps({"t": v}).encode(),
    "json in json": lambda v: json.dumps(json.dumps({"t": v})).encode(),
    "json with slashes": lambda v: json.dumps({"t": v}).replace("/", "\\/").encode(),
    "script": lambda v: "".join(f"\\x{ord(c):02x}" for c in v).encode(),
    "unicode escapes": lambda v: "".join(f"\\u{ord(c):04X}" for c in v).encode(),
    "html": lambda v: b'<a href="' + html.escape(v).encode() + b'">',
    "html, every character": lambda v: "".join(f"&#{ord(c)};" for c in v).encode(),
    "html, hexadecimal": lambda v: "".join(f"&#x{ord(c):X};" for c in v).encode(),
    "json in html": lambda v: html.escape(json.dumps({"t": v})).encode(),
    "parted by tags": lambda v: (v[:4] + "<wbr>" + v[4:]).encode(),
    "base64": lambda v: base64.b64encode(b"user=" + v.encode() + b"&x"),
    "base64, shifted": lambda v: b'"' + base64.urlsafe_b64encode(b"u=" + v.encode()) + b'"',
    "base64, wrapped": lambda v: base64.encodebytes(b"0" * 50 + v.encode() + b"1" * 60),
    "base64 in json": lambda v: (
        json.dumps(base64.b64encode(b"\xff\xfe?" + v.encode()).decode()).replace("/", "\\/").encode()
    ),
    "quoted-printable": lambda v: quopri.encodestring(b"=" * 20 + v.encode() * 3),
    "hexadecimal": lambda v: v.encode().hex().encode(),
    "utf-16": lambda v: v.encode("utf-16"),
}
CODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "br": brotli.compress,
    "deflate": zlib.compress,
}
# As tokens are: what cookies may hold (RFC 6265 §4.1.1), and what base64 and JSON bring along.
values = st.text("abcdefghijkABCDEFGHIJK0123456789-_.~+/=!*'()|:@&%<>{}", min_size=8, max_size=40).filter(
    lambda v: any(c.isdigit() for c in v) and sum(c.isalnum() for c in v) > 6
)


@pytest.mark.parametrize("spelling", SPELLED)
def test_each_spelling_in_a_body(spelling: str) -> None:
    body = b"<p>" + SPELLED[spelling](TOKEN) + b"</p> and more"
    if spelling == "utf-16":
        body = SPELLED[spelling]("<p>" + TOKEN + "</p> and more")
    (shown,), (original,) = withheld(exchange(asked=f"Cookie: sid={TOKEN}\r\n", body=body))
    assert found([shown], TOKEN) == []
    assert b"and more" in block(shown, "response").replace(b"\0", b"")
    assert block(original, "response").endswith(body)


@pytest.mark.parametrize("coding", CODED)
def test_a_coded_body_is_looked_into(coding: str) -> None:
    body = CODED[coding](b"<p>before " + TOKEN.encode() + b" behind</p>")
    (shown,), (original,) = withheld(
        exchange(asked=f"Cookie: sid={TOKEN}\r\n", answered=f"Content-Encoding: {coding}\r\n", body=body)
    )
    head, _, left = block(shown, "response").partition(b"\r\n\r\n")
    assert left.startswith(b"<p>before [withheld:")
    assert f"X-Archive-Orig-Content-Encoding: {coding}".encode() in head
    assert b"\r\nContent-Encoding" not in head
    assert block(original, "response").endswith(body)


def test_a_body_that_cannot_be_opened_is_withheld_whole() -> None:
    (shown,), (original,) = withheld(
        exchange(asked=f"Cookie: sid={TOKEN}\r\n", answered="Content-Encoding: secret\r\n", body=b"??????")
    )
    assert b"??????" not in block(shown, "response")
    assert b"??????" in block(original, "response")


def test_addresses_are_cut_in_record_and_manifest_alike(tmp_path: Path) -> None:
    url = f"{SITE}/list?page=2&access_token=s3cr3tT0kenValue&sort=new"
    drafts, sealed = withheld(
        exchange(url, body=b"<a href='/list?page=3&amp;access_token=s3cr3tT0kenValue'>")
    )
    shown = drafts[0]
    assert shown.capture.url.startswith(f"{SITE}/list?page=2&access_token=[withheld:")
    assert shown.capture.url.endswith("]&sort=new")
    assert {encoded.record.target_uri for encoded in shown.records} == {shown.capture.url}
    assert found(drafts, "s3cr3tT0kenValue") == []
    assert sealed[0].capture.url == url
    committed(tmp_path / "a", [*drafts, *sealed])


def mhtml(body: str, picture: bytes) -> bytes:
    whole = MIMEMultipart("related", type="text/html", boundary="----MultipartBoundary--abc----")
    whole["Snapshot-Content-Location"] = f"{SITE}/item/1"
    text = MIMEText(body, "html", "utf-8")
    text.replace_header("Content-Transfer-Encoding", "quoted-printable")
    text.set_payload(quopri.encodestring(body.encode()).decode())
    whole.attach(text)
    css = MIMEText("x", "css", "utf-8")
    css.set_payload(base64.encodebytes(picture).decode())
    whole.attach(css)
    return whole.as_bytes().replace(b"\n", b"\r\n")


def test_an_mhtml_file_is_taken_apart() -> None:
    page = mhtml(f"<p>{'很好' * 30}{TOKEN * 4}</p><p>kept = so</p>", f"a{{}}/*{TOKEN}*/".encode())
    assert len(hunt_bytes(page, [TOKEN])) > 0
    draft = rendered(exchange(asked=f"Cookie: sid={TOKEN}\r\n"), {"mhtml": ("multipart/related", page)})
    (shown,), (original,) = withheld(draft)
    assert found([shown], TOKEN) == []
    assert "很好很好".encode() in quopri.decodestring(artefact(shown, "mhtml"))
    assert b"<p>kept = so</p>" in quopri.decodestring(artefact(shown, "mhtml"))
    assert any(encoded.record.block == page for encoded in original.records)


# Pictures

TEXTS = {
    "frames": [{"url": f"{SITE}/?t={quote(TOKEN, safe='')}"}],
    "runs": [{"text": "欢迎", "x": 1}, {"text": "评价", "x": 2}],
}


def looked(texts: object, *, pdf: bytes = b"%PDF-1.4\n", dom: bytes = b"<p>ok</p>") -> Draft:
    return rendered(
        exchange(asked=f"Cookie: sid={TOKEN}\r\n"),
        {
            "screenshot": ("image/png", PNG),
            "tile-01": ("image/png", PNG + b"1"),
            "pdf": ("application/pdf", pdf),
            "dom": ("text/html", dom),
            "text": ("application/json", json.dumps(texts).encode()),
            "accessibility": ("application/json", b"[]"),
        },
        title="评价",
    )


def test_pictures_stay_when_nothing_secret_is_seen_on_them() -> None:
    (shown,), (original,) = withheld(looked(TEXTS, dom=f"<input type=hidden value='{TOKEN}'>".encode()))
    assert artefact(shown, "screenshot") == PNG
    assert shown.capture.look is not None
    assert shown.capture.look["missing"] == {}
    assert shown.capture.state == "complete"
    assert {e.record.block[:6] for e in original.records} >= {b"<input"}
    assert PNG not in [e.record.block for e in original.records]


def test_pictures_that_show_a_secret_are_withheld_and_missing() -> None:
    broken = {"runs": [{"text": TOKEN[:9]}, {"text": TOKEN[9:]}]}  # over two lines
    (shown,), (original,) = withheld(looked(broken))
    look = shown.capture.look or {}
    assert set(look["missing"]) >= {"screenshot", "tile-01", "pdf"}
    assert set(look["missing"].values()) == {"withheld"}
    assert set(look["artefacts"]) <= {"dom", "accessibility"}
    assert (shown.capture.state, shown.capture.reason) == (
        "partial",
        "withheld: pdf, screenshot, text, tile-01",
    )
    assert PNG in [e.record.block for e in original.records]
    assert all(e.record.block != PNG for e in shown.records)


def test_a_pdf_whose_link_holds_a_secret_is_withheld_alone() -> None:
    stream = zlib.compress(f"<< /S /URI /URI (https://shop.example/?t={quote(TOKEN, safe='')}) >>".encode())
    (shown,), _ = withheld(looked(TEXTS, pdf=b"%PDF-1.4\n1 0 obj\nstream\n" + stream + b"\nendstream"))
    assert (shown.capture.look or {})["missing"] == {"pdf": "withheld"}
    assert artefact(shown, "screenshot") == PNG


def test_an_artefact_of_which_nothing_may_be_left_is_missing() -> None:
    packed = gzip.compress(TOKEN.encode() * 3)
    draft = rendered(exchange(asked=f"Cookie: sid={TOKEN}\r\n"), {"websocket": ("application/gzip", packed)})
    (shown,), (original,) = withheld(draft)
    assert (shown.capture.look or {})["missing"] == {"websocket": "withheld"}
    assert len(shown.records) == 2
    assert packed in [encoded.record.block for encoded in original.records]


def test_without_the_texts_nobody_knows_what_a_picture_shows() -> None:
    draft = looked(TEXTS)
    look = draft.capture.look or {}
    del look["artefacts"]["text"]
    (shown,), _ = withheld(draft)
    assert "screenshot" in (shown.capture.look or {})["missing"]


# Originals and derivatives


def test_nothing_changes_where_there_is_no_secret() -> None:
    drafts = [exchange(), rendered(exchange(), {"dom": ("text/html", b"<p>x</p>")})]
    made = withhold(drafts, find_secrets(drafts))
    assert all(one is other for one, other in zip(made, drafts, strict=True))
    untouched, secret = exchange(), exchange(asked=f"Cookie: sid={TOKEN}\r\n")
    made = withhold([untouched, secret], find_secrets([untouched, secret]))
    assert made[0] is untouched
    assert len(made) == 3


def test_the_original_is_untouched_and_the_derivative_names_it() -> None:
    draft = exchange(asked=f"Cookie: sid={TOKEN}\r\n", page="b" * 32)
    (shown,), (original,) = withheld(draft)
    assert (shown.capture.fidelity, shown.capture.original) == ("derived", original.capture.id)
    assert shown.capture.withheld is None
    assert original.capture.withheld is True
    assert (original.capture.page, original.capture.url) == ("b" * 32, draft.capture.url)
    assert original.records[0] is draft.records[1]  # the request only; nothing was cut out of the answer
    assert shown.records[0] is draft.records[0]
    assert shown.records[1].record.id != draft.records[1].record.id
    assert find_secrets([shown]) == () or found([shown], TOKEN) == []


def test_names_of_records_follow_what_was_replaced() -> None:
    draft = exchange(body=TOKEN.encode(), asked=f"Cookie: sid={TOKEN}\r\n")
    (shown,), _ = withheld(draft)
    response, request = shown.records
    assert request.record.value("WARC-Concurrent-To") == response.record.id != draft.records[0].record.id


def test_a_court_can_check_the_derivative_against_the_original() -> None:
    body = f"<p>{TOKEN}</p><p>{quote(TOKEN, safe='')}</p>".encode()
    (shown,), (original,) = withheld(exchange(asked=f"Cookie: sid={TOKEN}\r\n", body=body))
    mapping = json.loads(original.records[-1].record.block)
    assert original.records[-1].record.target_uri == f"urn:evidence:withheld:{shown.capture.id}"
    by_id = {encoded.record.id: encoded.record.block for encoded in (*shown.records, *original.records)}
    entry = next(entry for entry in mapping["records"] if any(cut["part"] == "body" for cut in entry["cuts"]))
    before = by_id[entry["original"]].partition(b"\r\n\r\n")[2]
    after, at = b"", 0
    for cut in entry["cuts"]:
        after += before[at : cut["offset"]] + cut["mark"].encode()
        at = cut["offset"] + cut["length"]
    assert after + before[at:] == by_id[entry["derived"]].partition(b"\r\n\r\n")[2]
    commitment = hashlib.sha256(bytes.fromhex(mapping["salt"]) + TOKEN.encode()).hexdigest()
    assert commitment in [secret["sha256"] for secret in mapping["secrets"]]
    assert {cut["mark"] for cut in entry["cuts"]} == {f"[withheld:{commitment[:8]}]"}


def test_equal_secrets_have_other_marks_on_the_next_page() -> None:
    draft = exchange(asked=f"Cookie: sid={TOKEN}\r\n")
    marks = {block(withheld(draft)[0][0], "request") for _ in range(3)}
    assert len(marks) == 3


def test_many_altered_records_are_spread_over_several_leaves(tmp_path: Path) -> None:
    draft = rendered(
        exchange(asked=f"Cookie: sid={TOKEN}\r\n"),
        {f"part-{i:03}": ("text/plain", f"{i} {TOKEN}".encode()) for i in range(95)},
    )
    (shown,), sealed = withheld(draft)
    assert len(sealed) > 1
    mapping = json.loads(sealed[0].records[-1].record.block)
    assert mapping["more"] == [other.capture.id for other in sealed[1:]]
    small = replace(draft.capture, look=None)
    kept = replace(shown, capture=replace(small, fidelity="derived", original=sealed[0].capture.id))
    committed(tmp_path / "a", [replace(kept, records=kept.records[:40]), *sealed])


def committed(path: Path, drafts: list[Draft]) -> None:
    with Archive.create(path, config()) as archive:
        for _, capture in archive.commit(drafts):
            assert len(capture.to_leaf()) <= MAX_LEAF
    nothing_failed(path)


def test_what_the_browser_told_by_other_ways_is_looked_for() -> None:
    (shown,), _ = withheld(
        exchange(body=b"<b>local9Storage8Token</b>"), known=(("jwt", "local9Storage8Token"),)
    )
    assert found([shown], "local9Storage8Token") == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(values, min_size=1, max_size=4, unique=True),
    st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from(sorted(set(SPELLED) - {"utf-16"})), st.binary(max_size=20)
        ),
        max_size=6,
    ),
    st.sampled_from(["", *CODED]),
)
def test_no_secret_is_ever_found_again(
    secrets: list[str], placed: list[tuple[int, str, bytes]], coding: str
) -> None:
    pieces = [b"<p>\n" + SPELLED[how](secrets[which % len(secrets)]) + b"\n</p>" for which, how, _ in placed]
    body = b"".join(
        p + b"<i>" + n.hex().encode() + b"</i>" for p, (_, _, n) in zip(pieces, placed, strict=True)
    )
    stored = CODED[coding](body) if coding else body
    answered = f"Content-Encoding: {coding}\r\n" if coding else ""
    main = rendered(
        exchange(answered=answered, body=stored),
        {"dom": ("text/html", body), "text": ("application/json", json.dumps(secrets).encode())},
        title=secrets[0],
        final_url=f"{SITE}/?sid={quote(secrets[0], safe='')}",
    )
    other = exchange(
        f"{SITE}/api?u={quote(secrets[-1], safe='')}", page=main.capture.id, body=stored, answered=answered
    )
    drafts = [main, other]
    made = withhold(drafts, find_secrets(drafts, [("sid", value) for value in secrets]))
    shown = made[:2]
    assert found(shown, *secrets) == []
    with tempfile.TemporaryDirectory() as folder:
        committed(Path(folder) / "a", made)


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=600),
    st.sampled_from(["text/html", "multipart/related; boundary=x", "image/png", "application/json"]),
)
def test_hostile_contents_come_back_and_never_raise(content: bytes, kind: str) -> None:
    draft = rendered(exchange(answered=f"Content-Type: {kind}\r\n", body=content), {"dom": (kind, content)})
    made = withhold([draft], [Secret("q7Zk2LmP9xYw4VbT", "cookie", "sid")])
    assert found(made[:1], "q7Zk2LmP9xYw4VbT") == []
