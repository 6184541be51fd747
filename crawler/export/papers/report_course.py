"""取证报告, sections 3 to 7: the machine and what it did."""

from collections.abc import Iterator
from html import escape

from crawler import __version__
from crawler.evidence.manifest import Capture
from crawler.evidence.report import STATES_ZH
from crawler.export.artefact import take_artefact
from crawler.export.papers.facts import CaseFacts, capture_of
from crawler.export.papers.html import heading, listed, moment, paragraph, table
from crawler.export.papers.machine import described
from crawler.export.papers.runs import MOMENTS, Run
from crawler.export.selection import Selected
from crawler.export.wording import obstacle

_OUTCOMES = {"passed": "通过", "failed": "未通过", "skipped": "跳过"}
_VIEWPORT = "viewport"
_MOST_PICTURES = 60  # of pages, in section 7: each is half a page of A4


def time_and_place(runs: list[Run]) -> str:
    """Section 3: when each run was, and what its clock and its way out were."""
    rows = [(run.id, moment(run.started), moment(run.ended), _clock(run), _egress(run)) for run in runs]
    columns = ("批次", "开始（北京时间）", "结束（北京时间）", "时钟偏差", "网络出口")
    place = paragraph("取证地点：＿＿＿＿＿＿＿＿（由取证人填写）")
    trusted = "采集时间为本机时钟所示；可信的时间界限以第九节的可信时间戳为准。"
    return (
        heading("三", "时间与地点") + table(columns, rows, (28, 19, 19, 17, 17)) + place + paragraph(trusted)
    )


def _clock(run: Run) -> str:
    found = [
        one
        for check in run.checks
        for one in check["results"]
        if "clock" in one["name"] or "time" in one["name"]
    ]
    return "；".join(dict.fromkeys(one.get("reason", _OUTCOMES[one["outcome"]]) for one in found)) or "未检查"


def _egress(run: Run) -> str:
    found = [one for check in run.checks for one in check["results"] if "egress" in one["name"]]
    values = [str(one.get("value", {}).get("address", "")) or one.get("reason", "") for one in found]
    proxy = run.begun.get("settings", {}).get("EVIDENCE_PROXY") or ""
    return (
        "；".join(dict.fromkeys([*filter(None, values), *([f"经代理 {proxy}"] if proxy else [])])) or "未检查"
    )


def tools(runs: list[Run]) -> str:
    """Section 4: what captured; machines that were alike stand together."""
    alike: dict[tuple[tuple[str, str], ...], list[Run]] = {}
    for run in runs:
        known = described([one for check in run.checks for one in check["results"]])
        software = str(run.begun.get("software", f"web-evidence/{__version__}"))
        alike.setdefault((("采集软件", software), *known), []).append(run)
    text = "采集软件为开放源代码；版本、源文件摘要、依赖库摘要、浏览器程序摘要由清洁性检查记入日志。"
    parts = [heading("四", "设备与软件"), paragraph(text)]
    for known_tools, members in alike.items():
        parts.append(f"<h3>批次 {escape('、'.join(run.id for run in members))}</h3>")
        parts.append(table(("项目", "检查所得"), known_tools, (24, 76)))
        if len(known_tools) == 1:
            parts.append(paragraph("未进行清洁性检查，设备情况没有记录。", "unchecked"))
    return "".join(parts)


def environment(runs: list[Run]) -> str:
    """Section 5: what was checked before and after each run, with what came of it."""
    parts = [heading("五", "清洁性检查")]
    for run in runs:
        for check in run.checks:
            counts = "，".join(f"{_OUTCOMES[name]} {count} 项" for name, count in check["counts"].items())
            when = f"{run.id}　{MOMENTS[check['moment']]}　{moment(check['time'])}"
            parts.append(f"<h3>{escape(when)}</h3>")
            parts.append(paragraph(f"{counts}；前后变化 {check['changed']} 处。"))
            rows = [
                (one.get("title", one["name"]) + (f"（{one['subject']}）" if one.get("subject") else ""),
                 _OUTCOMES[one["outcome"]], one.get("reason", ""))
                for one in check["results"]
            ]  # fmt: skip
            parts.append(table(("检查项目", "结果", "说明"), rows, (38, 12, 50)))
    without = [run.id for run in runs if not run.checks]
    if without:
        parts.append(paragraph(f"下列批次没有进行清洁性检查：{'、'.join(without)}。", "unchecked"))
    return "".join(parts)


def access(runs: list[Run]) -> str:
    """Section 6: robots.txt, pace, user agent, hosts that refused."""
    rows = []
    for run in runs:
        settings = run.begun.get("settings", {})
        rows.append(
            (
                run.id,
                "遵守" if settings.get("ROBOTSTXT_OBEY", True) else "人工逐页浏览，不适用",
                f"同一网站间隔 {settings.get('DOWNLOAD_DELAY', '＿')} 秒",
                str(settings.get("USER_AGENT", "浏览器自身的标识")),
                "；".join(f"{host}：{obstacle(reason)}" for host, reason in run.stopped.items()) or "无",
            )
        )
    text = "未绕过登录、验证码或者其他技术措施；网站拒绝访问、要求验证的，即停止访问该网站，并如实记录。"
    columns = ("批次", "robots.txt", "频率", "标识", "要求停止的网站")
    return heading("六", "访问合规") + paragraph(text) + table(columns, rows, (22, 12, 16, 28, 22))


def steps(facts: CaseFacts, pictures: dict[str, bytes]) -> str:
    """Section 7: numbered steps, with the first screen of each rendered page."""
    taken = sorted(facts.captures.values(), key=lambda one: (one.time, one.index))
    pages = [one for one in taken if capture_of(one).page is None]
    rows = [_step(number, one) for number, one in enumerate(pages, 1)]
    columns = ("步", "时间（北京时间）", "网址", "应答", "对端地址、证书指纹", "采集编号")
    shots = [_shot(number, one) for number, one in enumerate(pages, 1) if capture_of(one).id in pictures]
    more = len(taken) - len(pages)
    note = paragraph(f"另有上述网页自行发出的请求 {more} 项，见采集清单。") if more else ""
    return heading("七", "步骤") + listed(columns, rows, (5, 15, 34, 12, 18, 16)) + note + "".join(shots)


def _step(number: int, one: Selected) -> tuple[str, ...]:
    capture = capture_of(one)
    answer = f"HTTP {capture.status}" if capture.status else STATES_ZH[capture.state]
    return (str(number), moment(capture.started), capture.url, answer, _peer(capture), capture.id[:12])


def _peer(capture: Capture) -> str:
    network = capture.network
    tls = network.get("tls") or {}
    known = (
        network.get("peer"),
        f"经代理 {network['proxy']}" if network.get("proxy") else None,
        tls.get("fingerprint"),
    )
    return "\n".join(str(part) for part in known if part) or "未观察到"


def _shot(number: int, one: Selected) -> str:
    capture = capture_of(one)
    label = f"第 {number} 步截图（首屏）　{capture.url}"
    return f"<div class=shot><p class=note>{escape(label)}</p><img src='picture:{capture.id}'></div>"


def pictures(facts: CaseFacts) -> Iterator[tuple[str, bytes]]:
    """The first screen of each rendered page, the first `_MOST_PICTURES` of them."""
    rendered = [one for one in facts.captures.values() if capture_of(one).look is not None]
    for one in sorted(rendered, key=lambda one: (one.time, one.index))[:_MOST_PICTURES]:
        if capture_of(one).artefact(_VIEWPORT) is not None:
            yield capture_of(one).id, take_artefact(facts.archive, one.index, _VIEWPORT).content
