"""Pages that want to make a browser crash, hang, wait, wander or fill up. Each ends in a stated state, in time."""

import itertools
from collections.abc import Iterator

from tests.gallery.answers import HTML, Answer, Route, Visit, fixed, html, page
from tests.gallery.words import review

HUGE = 300 << 20  # bytes of the page that is too large
LATER = 300  # ms after load when a page changes its mind
_PIECE = (f"<p>{review(7)}</p>\n" * 1000).encode()

_HANG_AT_ONCE = "<p>卡死之前的评价</p><script>while (true);</script>"
_HANG_LATER = (
    f"<p>{review(1)}</p><script>onload = () => setTimeout(() => {{ while (true); }}, {LATER});</script>"
)
_HANG_ON_SCROLL = f"""<p>{review(1)}</p><div style="height:9000px"></div>
<script>addEventListener('scroll', () => {{ while (true); }});</script>"""
_MEMORY = f"""<p>{review(1)}</p><script>
onload = () => setTimeout(() => {{
  const kept = [];
  for (;;) kept.push(new Array(1 << 20).fill(0).map((_, at) => ({{at}})));
}}, {LATER});
</script>"""
_STORM = """<p>窗口风暴</p><script>
let count = 0;
const storm = setInterval(() => {
  window.open('/trouble/window.html?' + count);
  if (++count >= 60) clearInterval(storm);
}, 20);
</script>"""
_DIALOGS = "<p>问个不停</p><script>onload = () => { for (;;) alert('加微信返现'); };</script>"
_AWAY_ON_SCROLL = """<p>滚动就换页</p><div style="height:9000px"></div><script>
let left = false;
addEventListener('scroll', () => {
  if (left || scrollY < 1500) return;
  left = true;
  location.href = '/trouble/arrived/';
});
</script>"""
_PUSH_ON_SCROLL = """<p>滚动就换地址</p><div style="height:9000px"></div><script>
addEventListener('scroll', () => history.pushState({}, '', '/trouble/at/' + Math.round(scrollY)));
</script>"""
_AWAY = f"""<p>先看到这里</p><script>
onload = () => setTimeout(() => {{ location.href = '/trouble/arrived/'; }}, {LATER});
</script>"""
_REFRESH = '<meta http-equiv="refresh" content="0">'


def _huge(visit: Visit) -> Answer:
    """300 MiB; `length=yes` says so before."""
    pieces = itertools.chain([b"<!doctype html><meta charset=utf-8>"], itertools.repeat(_PIECE))
    return Answer(_cut(visit, pieces, HUGE), HTML, length=HUGE if visit.query.get("length") else None)


def _endless(visit: Visit) -> Answer:
    return Answer(_cut(visit, itertools.repeat(_PIECE), None), HTML)


def _drip(visit: Visit) -> Answer:
    """A few bytes every now and then, so that no single wait is long."""

    def drops() -> Iterator[bytes]:
        yield f"<!doctype html><meta charset=utf-8><p>{review(1)}</p>".encode()
        while not visit.over.wait(0.2):
            yield b"<br>"

    return Answer(drops(), HTML)


def _cut(visit: Visit, pieces: Iterator[bytes], most: int | None) -> Iterator[bytes]:
    sent = 0
    for piece in pieces:
        if visit.over.is_set() or sent == most:
            return
        part = piece if most is None else piece[: most - sent]
        sent += len(part)
        yield part


def _silent(visit: Visit) -> None:
    """Take the request, say nothing."""
    visit.over.wait()


def _closed(_visit: Visit) -> None:
    """Hang up without a word."""


def _half(_visit: Visit) -> Answer:
    text = f"<!doctype html><meta charset=utf-8><p>{review(1)}</p>".encode()
    return Answer(iter([text]), HTML, length=10 * len(text))


def _redirect(visit: Visit) -> Answer:
    step = int(visit.query.get("step", 0))
    return Answer(status=302, fields={"Location": f"/trouble/redirect/?step={step + 1}"})


def _refresh(visit: Visit) -> Answer:
    return html("自己刷新", f"<p>{review(1)}</p>{_REFRESH}")


def _password(visit: Visit) -> Answer:
    if "authorization" in visit.fields:
        return html("登录后", "<p>登录后的评价</p>")
    challenge = {"WWW-Authenticate": 'Basic realm="shop", charset="UTF-8"'}
    return Answer("请先登录".encode(), status=401, fields=challenge)


_ATTACHMENT = {"Content-Disposition": 'attachment; filename="orders.zip"'}
_DOWNLOADING = (
    """<p>打开就下载的页面</p><script>onload = () => { location.href = '/trouble/download/'; };</script>"""
)

ROUTES: dict[str, Route] = {
    "/trouble/hang/": page("卡死", _HANG_AT_ONCE),
    "/trouble/hang-later/": page("稍后卡死", _HANG_LATER),
    "/trouble/hang-on-scroll/": page("滚动卡死", _HANG_ON_SCROLL),
    "/trouble/memory/": page("吃光内存", _MEMORY),
    "/trouble/download/": fixed(b"PK\x05\x06" + bytes(18), "application/zip", fields=_ATTACHMENT),
    "/trouble/downloading/": page("打开就下载", _DOWNLOADING),
    "/trouble/huge/": _huge,
    "/trouble/endless/": _endless,
    "/trouble/drip/": _drip,
    "/trouble/silent/": _silent,
    "/trouble/closed/": _closed,
    "/trouble/half/": _half,
    "/trouble/redirect/": _redirect,
    "/trouble/refresh/": _refresh,
    "/trouble/password/": _password,
    "/trouble/storm/": page("窗口风暴", _STORM),
    "/trouble/window.html": page("广告", "<p>又一个窗口</p>"),
    "/trouble/dialogs/": page("问个不停", _DIALOGS),
    "/trouble/away/": page("换页", _AWAY),
    "/trouble/away-on-scroll/": page("滚动换页", _AWAY_ON_SCROLL),
    "/trouble/push-on-scroll/": page("滚动换地址", _PUSH_ON_SCROLL),
    "/trouble/arrived/": page("另一页", "<p>这是另一页</p>"),
    # Nothing is wrong with it: after trouble the browser must still be able to look at a page.
    "/trouble/none/": page("一切正常", f"<p>{review(1)}</p>"),
}
