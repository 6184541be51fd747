"""What a reader of the catalogue is told of a capture, in Chinese: how its content was kept, why it has none."""

import re

from crawler import clock
from crawler.evidence.digest import parse_digest
from crawler.evidence.manifest import Capture

_KEPT = {"wire-exact": "按网络收发字节原样保存", "browser-decoded": "浏览器解码后的内容"}
# Artefacts of a rendered page (docs/formats.md), in the order in which they are named.
_ARTEFACTS = {
    "screenshot": "整页截图",
    "viewport": "首屏截图",
    "text": "页面文字",
    "pdf": "PDF",
    "dom": "网页结构（DOM）",
    "mhtml": "单文件网页（MHTML）",
    "accessibility": "无障碍结构",
    "screencast": "录屏画面",
    "websocket": "WebSocket 消息",
}
_REASONS = {"withheld": "可能显示登录凭据，只在封存的原件中", "redacted": "脱敏副本不含此件"}
_SERIES = {"tile": "分段截图", "dom-frame": "框架的网页结构"}
_NUMBERED = re.compile(r"([a-z-]+)-(\d+)")
_MOST_MISSING = 5
_WRITTEN = re.compile(
    r"[0-9A-Za-z ,:+./()-]{1,60}"
)  # a date in whatever form; nothing that reads as a sentence
_OBSTACLES = {
    "robots": "robots.txt 不允许访问",
    "robots-unreachable": "robots.txt 无法取得，按不允许访问处理",
    "wall-login": "网站要求登录",
    "wall-verification": "网站要求验证",
    "wall-visitor-system": "网站要求访客验证",
    "wall-too-frequent": "网站提示访问过于频繁",
    "wall-soft-block": "网站拒绝了请求（风控）",
    "wall-region": "网站不向本地区提供",
    "wall-shell": "网站只给出空壳页面，没有内容",
}


def how_kept(capture: Capture) -> str:
    """What the bundle holds of a capture. Only content that came over the wire is said to be kept as it came."""
    if capture.fidelity == "imported":
        return "由他人工具记录的文件导入，不是采集人直接从网站取得"
    if capture.redacted is not None:
        return "脱敏副本：由本工具依据原件制成，原件未随包交付，其摘要在日志之中"
    if capture.fidelity == "derived":
        if capture.original is not None:
            return _without_secrets(capture)
        if capture.state in ("complete", "partial"):
            return "由本工具生成的记录，不是网站发送的内容"
        why = f"{obstacle(capture.reason)}；" if capture.reason in _OBSTACLES else ""
        return f"{why}未取得网页内容，仅为本工具的记录"
    if capture.state == "blocked":
        return "未取得网页内容，所存为网站拒绝访问或者要求登录、验证的应答"
    if capture.state == "failed":
        return "未取得网页内容，所存为请求及访问失败的记录"
    kept = _KEPT[capture.fidelity]
    if capture.state == "partial":
        return f"内容不完整，所收到的部分{kept}"
    page = capture.status is None or 200 <= capture.status < 300
    return kept if page else f"网站应答 HTTP {capture.status}，{kept}"


def _without_secrets(capture: Capture) -> str:
    """A copy whose original is sealed, because it would open the account of the person who browsed."""
    copy = "浏览器解码后的内容，剔除了登录凭据等内容的副本，原件封存于证据库"
    if capture.state in ("complete", "partial"):
        return copy if capture.state == "complete" else f"内容不完整，{copy}"
    return f"未取得网页内容，所存为网站应答或者访问失败的记录（{copy}）"


def artefact_name(name: str) -> str:
    """An artefact in Chinese; its own name where it is none of ours."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered is not None and numbered[1] in _SERIES:
        return f"{_SERIES[numbered[1]]} {numbered[2]}"
    return _ARTEFACTS.get(name, name)


def artefacts(capture: Capture) -> list[tuple[str, str, str]]:
    """What was made of a rendered page: name in Chinese, record id, and SHA-256 of the file itself in hex."""
    order = {name: place for place, name in enumerate(_ARTEFACTS)}
    named = (capture.look or {}).get("artefacts", {})
    found = []
    for name in sorted(named, key=lambda name: (order.get(name, len(order)), name)):
        record = capture.artefact(name)
        if record is not None:
            found.append((artefact_name(name), record.id, parse_digest(record.block_digest)[1].hex()))
    return found


def made_of(capture: Capture) -> str:
    """The kinds of things that were made of a rendered page, with their number; "" for another capture."""
    names = [name for name, _, _ in artefacts(capture)]
    kinds = dict.fromkeys(re.sub(r" \d+$", "", name) for name in names)
    return f"{'、'.join(kinds)}，共 {len(names)} 件" if names else ""


def lacking(capture: Capture) -> str:
    """What could not be made of a rendered page, with the reasons; "" if nothing is missing."""
    missing = (capture.look or {}).get("missing", {})
    named = [f"{artefact_name(name)}（{_why(reason)}）" for name, reason in missing.items()]
    more = f"等 {len(named)} 项" if len(named) > _MOST_MISSING else ""
    return "、".join(named[:_MOST_MISSING]) + more


def claimed_time(capture: Capture) -> str:
    """When an imported capture was made, as the file itself says: a claim, which nothing here bears out."""
    claims = (capture.imported or {}).get("claimed")
    date = claims.get("date") if isinstance(claims, dict) else None
    if not isinstance(date, str) or not date:
        return "原记录没有说明时间"
    try:
        return f"原记录称 {clock.beijing(date)}（未经核实）"
    except (ValueError, OverflowError):  # written in another way, by whom we do not know
        said = f"为“{date}”" if _WRITTEN.fullmatch(date) else "无法识别"
        return f"原记录所称时间{said}（未经核实）"


def _why(reason: str) -> str:
    return _REASONS.get(reason, reason)


def obstacle(reason: str | None) -> str:
    """Why there is no whole page. What a library said stays as it said it."""
    if reason is not None and reason.startswith("http-"):
        return f"网站应答 HTTP {reason.removeprefix('http-')}"
    return _OBSTACLES.get(reason or "", reason or "")


def plain(text: str) -> str:
    """One line without Markdown's signs, so that a title cannot open a code block."""
    return "".join(character for character in " ".join(text.split()) if character not in "`<>[]\\")
