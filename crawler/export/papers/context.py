"""What the Word forms may name, in Chinese, so that a lawyer can write a form of their own: docs/papers.md."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crawler import clock
from crawler.export.model import group_names
from crawler.export.papers.facts import LINKS, CaseFacts, capture_of
from crawler.law.articles import link_names
from crawler.store.casefile import ROLES, CaseExhibit, Party

Json = dict[str, Any]
_NOBODY = {"名称": "", "标识": "", "地址": "", "联系": "", "身份": ""}


def context(facts: CaseFacts) -> Json:
    """The names above, for one case."""
    case, config = facts.case, facts.config
    exhibits = [_exhibit(facts, one) for one in facts.filed()]
    by_group = {group: [one for one in exhibits if one["组"] == group] for group in group_names()}
    first, last = facts.span()
    captured = sorted(clock.beijing(one.time) for one in facts.captures.values() if one.time)
    return {
        "案件": {
            "编号": case.id, "名称": case.title, "案由": case.cause, "提交人": case.submitter,
            "受理机关": case.authority,
        },
        "当事人": {title: [_party(one) for one in facts.party(role)] for role, title in ROLES.items()},
        "证据": exhibits,
        "组": by_group,
        "环节们": [_link(name, by_group[LINKS[link]]) for link, name in link_names().items()],
        "请求": list(case.requests),
        "条文": [law.printed for law in facts.law()],
        "条文说明": facts.law_notes(),
        "网址们": list(dict.fromkeys(url for one in exhibits for url in one["网址"])),
        "履职": _ledger(facts, "duty"),
        "费用": _ledger(facts, "cost"),
        "费用合计": str(sum((Decimal(line.amount or 0) for line in facts.ledger("cost")), Decimal(0))),
        "行为起": first or "＿＿＿＿", "行为止": last or "＿＿＿＿",
        "采集起": captured[0] if captured else "＿＿＿＿", "采集止": captured[-1] if captured else "＿＿＿＿",
        "数额": _amounts(facts),
        "证据库": {"组织": config.organisation, "操作人": config.operator, "联系": config.contact},
        "首位": _first,
    }  # fmt: skip


def _exhibit(facts: CaseFacts, one: CaseExhibit) -> Json:
    taken = facts.of(one)
    times = [f"{clock.parse(each.time).astimezone(clock.BEIJING):%Y-%m-%d %H:%M:%S}" for each in taken]
    claims = [facts.findings[name]["claim"] for name in one.findings if facts.findings.get(name)]
    return {
        "编号": one.number,
        "组": one.group,
        "组名": group_names()[one.group],
        "名称": one.title,
        "证明目的": one.purpose,
        "网址": list(dict.fromkeys(capture_of(each).url for each in taken)),
        "时间": f"北京时间 {times[0] if len(set(times)) < 2 else f'{times[0]} 至 {times[-1]}'}",
        "线索": claims,
        "变化": "；".join(claim for claim in claims if "不再" in claim or "后次未见" in claim),
    }


def _party(one: Party) -> Json:
    return {
        "名称": one.name,
        "标识": one.identifier,
        "地址": one.address,
        "联系": one.contact,
        "身份": ROLES[one.role],
    }


def _link(name: str, exhibits: Sequence[Json]) -> Json:
    claims = [claim for one in exhibits for claim in one["线索"]]
    return {"名称": name, "证据": list(exhibits), "线索": list(dict.fromkeys(claims))}


def _ledger(facts: CaseFacts, name: str) -> list[Json]:
    return [
        {"日期": line.date, "事项": line.kind, "内容": line.text, "金额": line.amount, "工时": line.hours}
        for line in facts.ledger(name)
    ]


def _amounts(facts: CaseFacts) -> str:
    """Facts of findings that name a sum, as the pages say it."""
    told = [
        fact["text"]
        for one in facts.filed()
        for name in one.findings
        for fact in (facts.findings.get(name) or {}).get("facts", ())
        if "元" in fact["text"]
    ]
    return "；".join(dict.fromkeys(told))


def _first(people: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return people[0] if people else _NOBODY
