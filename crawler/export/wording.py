"""What a reader of the catalogue is told of a capture, in Chinese: how its content was kept, why it has none."""

from crawler.evidence.manifest import Capture

_KEPT = {"wire-exact": "按网络收发字节原样保存", "browser-decoded": "经浏览器解码后保存"}
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
        return "由他人采集后导入，不是采集人直接从网站取得"
    if capture.fidelity == "derived":
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


def obstacle(reason: str | None) -> str:
    """Why there is no whole page. What a library said stays as it said it."""
    if reason is not None and reason.startswith("http-"):
        return f"网站应答 HTTP {reason.removeprefix('http-')}"
    return _OBSTACLES.get(reason or "", reason or "")
