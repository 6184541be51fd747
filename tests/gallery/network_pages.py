"""Pages that come in pieces over the network: scripts, workers, sockets, media, odd charsets, broken pictures."""

import json
from collections.abc import Iterator

from tests.gallery.answers import JSON, PNG, SCRIPT, Answer, Route, Visit, fixed, html, page
from tests.gallery.pictures import clip, picture, tone
from tests.gallery.websocket import push_reviews
from tests.gallery.words import review

SLOW = 3.0  # s
CLIP, POLICY_COLOUR = 520, 7  # colours by number
_GBK = "text/html; charset=gbk"

_SHOW = """const show = text => {
  const line = document.createElement('p'); line.textContent = text; document.body.append(line);
};"""

_CLIENT = f"""<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>评价</title><div id="app"></div><script>
{_SHOW}
addEventListener('load', async () => {{
  const answer = await (await fetch('/client/reviews.json', {{method: 'POST', body: 'item=7'}})).json();
  answer.reviews.forEach(show);
}});
</script></html>"""

_WORKER_PAGE = f"""<script>
{_SHOW}
navigator.serviceWorker.onmessage = event => show(event.data);
(async () => {{
  await navigator.serviceWorker.register('/worker/sw.js');
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller)
    await new Promise(done => {{ navigator.serviceWorker.oncontrollerchange = done; }});
  show(await (await fetch('/worker/answered.txt')).text());
}})();
</script>"""
_WORKER = """
addEventListener('install', () => skipWaiting());
addEventListener('activate', event => event.waitUntil(clients.claim()));
addEventListener('fetch', event => {
  if (!event.request.url.endsWith('/worker/answered.txt')) return;
  event.respondWith(new Response('工作线程自己答的评价', {headers: {'Content-Type': 'text/plain; charset=utf-8'}}));
  event.waitUntil(fetch('/worker/asked.txt').then(answer => answer.text()).then(async text => {
    for (const client of await clients.matchAll()) client.postMessage(text);
  }));
});
"""

_SOCKET = f"""<script>
{_SHOW}
const socket = new WebSocket('ws://' + location.host + '/socket/reviews');
socket.onopen = () => socket.send('商品7的评价');
socket.onmessage = event => show(event.data);
</script>"""

_GBK_PAGE = f"""<!doctype html><html lang="zh-CN"><meta charset="gbk"><title>国标码论坛</title>
<p>招聘体验官，五星返现</p><script>{_SHOW}</script><script src="/gbk/reviews.js"></script><script>
const request = new XMLHttpRequest();
request.open('GET', '/gbk/reviews.json');
request.onload = () => JSON.parse(request.responseText).forEach(show);
request.send();
</script></html>"""

_MEDIA = """<video muted autoplay loop width="300" height="200" src="/media/clip.webm"></video>
<audio controls preload="auto" src="/media/tone.wav"></audio><p>视频评价：返现全过程</p>"""

_SLOW = """<p>慢图与永不结束的图</p><img src="/slow/picture-1.png" width="300" height="200" alt="一">
<img src="/slow/late.png" width="300" height="200" alt="迟">
<img src="/slow/endless.png" width="300" height="200" alt="无尽">"""

_BROKEN = """<p>坏图</p><img src="/broken/picture-1.png" alt="好"><img src="/broken/gone.png" alt="没了">
<img src="/broken/short.png" alt="断了"><img src="/broken/renamed.png" alt="改名">
<img src="/broken/no-picture.png" alt="不是图">"""


def _client_answer(_visit: Visit) -> Answer:
    return Answer(json.dumps({"reviews": [review(number) for number in range(1, 6)]}).encode(), JSON)


def _ranged(body: bytes, kind: str) -> Route:
    """A file that answers byte ranges (RFC 9110 section 14), as media elements ask for them."""

    def answer(visit: Visit) -> Answer:
        asked = visit.fields.get("range", "")
        fields = {"Accept-Ranges": "bytes"}
        if not asked.startswith("bytes="):
            return Answer(body, kind, fields=fields)
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(body) - 1), len(body) - 1)
        fields["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        return Answer(body[start : end + 1], kind, 206, fields)

    return answer


def _late(visit: Visit) -> Answer:
    visit.over.wait(SLOW)
    return Answer(picture(2), PNG)


def _endless(visit: Visit) -> Answer:
    def drops() -> Iterator[bytes]:
        yield picture(3)[:60]
        while not visit.over.wait(0.2):
            yield b"\0"

    return Answer(drops(), PNG, length=1 << 20)


def _policy(visit: Visit) -> Answer:
    body = f"""<p id="fact">政策保护下的评价</p>
<script>document.getElementById('fact').textContent = '内联脚本改写了评价';</script>
<script src="/policy/own.js"></script>
<img src="/policy/picture-{POLICY_COLOUR}.png" alt="自己的图">
<img src="{visit.other}/policy/picture-8.png" alt="外站的图">"""
    policy = "default-src 'self'; style-src 'unsafe-inline'; require-trusted-types-for 'script'; trusted-types 'none'"
    return html("内容安全策略", body, fields={"Content-Security-Policy": policy})


ROUTES: dict[str, Route] = {
    "/client/": fixed(_CLIENT, "text/html; charset=utf-8"),
    "/client/reviews.json": _client_answer,
    "/worker/": page("服务工作线程", _WORKER_PAGE),
    "/worker/sw.js": fixed(_WORKER, SCRIPT),
    "/worker/asked.txt": fixed("工作线程问服务器得到的评价", "text/plain; charset=utf-8"),
    "/worker/answered.txt": fixed("服务器不该被问到", "text/plain; charset=utf-8", status=500),
    "/socket/": page("推送的评价", _SOCKET),
    "/socket/reviews": push_reviews,
    "/gbk/": fixed(_GBK_PAGE.encode("gbk"), _GBK),
    "/gbk/reviews.js": fixed("show('国标码脚本里的评价');".encode("gbk"), "text/javascript"),
    "/gbk/reviews.json": fixed('["国标码接口里的评价"]'.encode("gbk"), "text/plain; charset=gbk"),
    "/media/": page("视频与录音", _MEDIA),
    "/media/clip.webm": _ranged(clip(CLIP), "video/webm"),
    "/media/tone.wav": _ranged(tone(), "audio/wav"),
    "/slow/": page("慢图", _SLOW),
    "/slow/late.png": _late,
    "/slow/endless.png": _endless,
    "/broken/": page("坏图", _BROKEN),
    "/broken/gone.png": fixed("没有这张图", "text/plain; charset=utf-8", status=404),
    "/broken/short.png": fixed(picture(2)[:200], PNG),
    "/broken/renamed.png": fixed(picture(3), "text/html"),
    "/broken/no-picture.png": fixed("<p>请先登录</p>", PNG),
    "/policy/": _policy,
    "/policy/own.js": fixed(f"{_SHOW} show('外部脚本写的评价');", SCRIPT),
}
