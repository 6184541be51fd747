"""取证报告, sections 8 to 13: what came of it, how it is kept, and what it cannot say."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from crawler import __version__
from crawler.errors import EvidenceError
from crawler.evidence.report import STATES_ZH
from crawler.export.custody import Step, custody
from crawler.export.papers.facts import CaseFacts, capture_of
from crawler.export.papers.html import heading, listed, moment, paragraph, table
from crawler.export.papers.runs import MOMENTS, Run
from crawler.export.wording import how_kept, lacking, obstacle

MOST_CAPTURES = 50  # in a row in the chain of custody: more are summed up


def results(facts: CaseFacts) -> str:
    """Section 8: what was obtained, with digests."""
    rows = []
    for exhibit in facts.filed():
        for one in facts.of(exhibit):
            capture = capture_of(one)
            read = capture.reading or capture.response
            digest = (read.payload_digest or read.block_digest).partition(":")[2] if read else "无"
            rows.append((exhibit.number, exhibit.title, how_kept(capture), digest, str(one.index)))
    columns = ("证据编号", "名称", "保存方式", "原始数据 SHA-256", "日志序号")
    return heading("八", "结果") + listed(columns, rows, (10, 22, 22, 36, 10))


def integrity(facts: CaseFacts) -> str:
    """Section 9: log, time stamps, the bounds of each capture."""
    stamps = [
        (stamp.authority, str(stamp.size), moment(stamp.gen_time), stamp.policy)
        for stamp in facts.selection.stamps
    ]
    brackets = [
        (capture_of(one).id[:12], moment(one.not_before), moment(one.not_after))
        for one in sorted(facts.captures.values(), key=lambda one: one.index)
        if capture_of(one).page is None
    ]
    text = (
        "每次采集写成清单，清单依次写入只可追加的签名日志（C2SP tlog），日志由可信时间戳（RFC 3161）覆盖。"
        "更改、删除、插入、调换或者截断任何一处，核验都会指出。"
        "核验命令见 verify-zh.html，可用 sha256sum、openssl、unzip 完成。"
    )
    stamped = table(("时间戳机构", "覆盖日志条数", "时间（北京时间）", "策略"), stamps, (25, 20, 30, 25))
    none = "" if stamps else paragraph("本证据包没有可信时间戳：时间只依据采集机器的时钟。", "unchecked")
    bounds = listed(("采集编号", "不早于（北京时间）", "不晚于（北京时间）"), brackets, (30, 35, 35))
    return heading("九", "完整性") + paragraph(text) + stamped + none + bounds


def privacy() -> str:
    """Section 10: what was done about personal data."""
    text = (
        "评价人的账号和昵称在写入数据库时以密钥生成化名，化名在本证据库内前后一致；密钥保存在证据库，不随证据包提供。"
        "登录凭据只在封存的原件中，不随证据包提供。招募人、经营者公开发布的身份信息和联系方式予以保留。"
    )
    return heading("十", "个人信息处理") + paragraph(text)


def limits(facts: CaseFacts, runs: list[Run]) -> str:
    """Section 11: what was not obtained, not checked, or cannot be said."""
    rows = [
        (
            capture_of(one).url,
            STATES_ZH[capture_of(one).state],
            obstacle(capture_of(one).reason) or lacking(capture_of(one)),
        )
        for one in sorted(facts.captures.values(), key=lambda one: one.index)
        if capture_of(one).state != "complete"
    ]
    failed = [
        f"{run.id} {MOMENTS[check['moment']]}清洁性检查未通过：{'、'.join(check['failed'])}"
        for run in runs
        for check in run.checks
        if check["failed"]
    ]
    plain = [
        one
        for one in facts.captures.values()
        if capture_of(one).look is None and capture_of(one).page is None
    ]
    texts = [
        *failed,
        *([f"{len(plain)} 次采集只保存网络收发的原始内容，没有浏览器截图。"] if plain else []),
        *sorted({limit for name in facts.findings for limit in facts.findings[name].get("limits", ())}),
        "摘要和时间戳只能说明采集以后内容未变；采集时网页是否如实显示，由清洁性检查和过程记录说明。",
    ]
    table_of = listed(("网址", "结果", "原因"), rows, (50, 15, 35))
    return heading("十一", "局限与异常") + table_of + "".join(map(paragraph, texts))


def reproduction(runs: list[Run]) -> str:
    """Section 12: how to do it again."""
    software = (
        "、".join(dict.fromkeys(str(run.begun.get("software", "")) for run in runs if run.begun))
        or __version__
    )
    text = (
        f"用同一版本的软件（{software}）和同样的设置，对第七节的网址执行 evidence capture 网址，即可再次采集；"
        "网页以后可能已经改变。数据库可由网页存档和日志重建：evidence rebuild；"
        "疑似线索可由同一版本的检测器重新得出：evidence detect --again。"
    )
    return heading("十二", "复现方法") + paragraph(text)


def custody_chain(facts: CaseFacts) -> str:
    """Steps up to the last entry about the case: what came later, as this export itself, is not part of its state."""
    last = max(facts.case.changed, *(one.index for one in facts.selection.leaves))
    head = heading("十三", "保管链")
    try:
        steps = [
            step for step in custody(facts.archive, facts.case.id) if step.entry is None or step.entry <= last
        ]
    except EvidenceError as error:
        return head + paragraph(f"保管链未能列出：{error}", "unchecked")
    rows = [row for captures, some in groupby(steps, key=_is_capture) for row in _told(list(some), captures)]
    return head + table(("时间（北京时间）", "日志序号", "何人", "何事"), rows, (20, 10, 15, 55))


def _is_capture(step: Step) -> bool:
    return step.act == "capture"


def _told(steps: Sequence[Step], captures: bool) -> Iterator[tuple[str, ...]]:
    """A row for each step; of a long row of captures, which the tables list, the first and the last."""
    if not captures or len(steps) <= MOST_CAPTURES:
        yield from map(_row, steps)
        return
    yield _row(steps[0])
    between = f"其间另有 {len(steps) - 2} 次采集，见《证据与采集》表（tables.xlsx、exhibits.csv）"
    yield "", f"{steps[1].entry}–{steps[-2].entry}", "", between
    yield _row(steps[-1])


def _row(step: Step) -> tuple[str, ...]:
    return moment(step.time), str(step.entry if step.entry is not None else ""), step.by, step.text
