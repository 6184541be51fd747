"""内部清单: everything about a case, also what is unfavourable, for whoever prepares it. It goes into no bundle.

What is filed is a selection (law.md §6.1); this is what it was selected from: every exhibit, every finding about the
same shops and posts with its decision and the explanations that remain, every page that could not be had and both
ledgers.
"""

import json
from collections.abc import Iterable, Sequence

from crawler import clock
from crawler.evidence.report import STATES_ZH
from crawler.export.model import Case
from crawler.export.papers.tables import Rows, workbook
from crawler.export.wording import obstacle
from crawler.store.casefile import LEDGERS, ROLES
from crawler.store.findings import StoredFinding, stored
from crawler.store.index import Index

HEAD = "内部清单，不提交"
_STATES = {"open": "待核对", "confirmed": "已采用", "rejected": "已排除"}
# Pages of the runs that the case's captures come from which could not be had whole.
_FAILED = (
    "select url, state, reason, started, leaf from capture where state != 'complete' and page is null"
    " and withheld = 0 and redacted is null"
    " and run in (select run from capture where id in (select value from json_each(?))) order by leaf limit 5000"
)


def internal_list(index: Index, case: Case, until: str) -> bytes:
    """The bytes of the .xlsx; `until` dates it."""
    sheets = {
        "证据": _exhibits(case),
        "疑似线索": _findings(index, case),
        "未能取得": _failed(index, case),
        "当事人": _parties(case),
        "台账": _ledgers(case),
    }
    return workbook(list(sheets.items()), until)


def _exhibits(case: Case) -> Rows:
    head = (
        f"编号（{HEAD}）",
        "引用",
        "组",
        "名称",
        "证明目的",
        "是否列入提交的目录",
        "采集数",
        "线索",
        "已核对的条文",
    )
    cleared = "、".join(case.cleared)
    return [
        head,
        *(
            (
                one.number, one.ref, one.group, one.title, one.purpose, "是" if one.filed else "否",
                str(len(one.captures)), "、".join(one.findings), cleared,
            )
            for one in case.ordered
        ),
    ]  # fmt: skip


def _findings(index: Index, case: Case) -> Rows:
    """The findings of exhibits, and all others about what these are about."""
    known = {one.id: one for one in stored(index)}
    cited = {name for exhibit in case.exhibits for name in exhibit.findings}
    about = {subject for name in cited if name in known for subject in _subjects(known[name])}
    shown = [
        one for one in known.values() if one.id in cited or (one.current and about & set(_subjects(one)))
    ]
    head = ("线索", "内容", "强弱", "状态", "核对理由", "证据编号", "尚不能排除的解释", "局限")
    numbers = {name: one.number for one in case.exhibits for name in one.findings}
    return [head, *(_finding(one, numbers.get(one.id, "未引用")) for one in shown)]


def _finding(one: StoredFinding, number: str) -> tuple[str, ...]:
    content = one.content or {}
    remains = [each["explanation"] for each in content.get("innocent", ()) if each["remains"]]
    reasons = [decision.reason for decision in one.decisions]
    return (
        one.id, str(content.get("claim", "（内容已不保存）")), str(content.get("grade", "")), _STATES[one.state],
        "；".join(reasons), number, "；".join(remains), "；".join(content.get("limits", ())),
    )  # fmt: skip


def _subjects(one: StoredFinding) -> Iterable[str]:
    """Shops and posts: what is shared by chance, such as a whole platform, joins nothing."""
    subjects: Sequence[str] = (one.content or {}).get("subjects", ())
    return (subject for subject in subjects if subject.startswith(("shop:", "post:", "listing:")))


def _failed(index: Index, case: Case) -> Rows:
    captures = sorted({name for one in case.exhibits for name in one.captures})
    rows = index.query(_FAILED, (json.dumps(captures),))
    head = ("网址", "结果", "原因", "时间（北京时间）", "日志序号")
    return [
        head,
        *(
            (
                row["url"], STATES_ZH[row["state"]], obstacle(row["reason"]),
                clock.beijing(row["started"]), str(row["leaf"]),
            )
            for row in rows
        ),
    ]  # fmt: skip


def _parties(case: Case) -> Rows:
    head = ("引用", "身份", "名称", "标识", "地址", "联系方式")
    rows = (
        (one.ref, ROLES[one.role], one.name, one.identifier, one.address, one.contact) for one in case.parties
    )
    return [head, *rows]


def _ledgers(case: Case) -> Rows:
    head = ("台账", "引用", "日期", "事项", "内容", "金额", "工时")
    return [
        head,
        *(
            (LEDGERS[one.ledger], one.ref, one.date, one.kind, one.text, one.amount, one.hours)
            for one in case.ledger
        ),
    ]
