"""What people see of cases in the terminal."""

from collections.abc import Iterator, Sequence

from crawler import clock
from crawler.store.casefile import LEDGERS, ROLES, CaseFile, LedgerLine


def cases(found: Sequence[CaseFile]) -> str:
    """One line for each case."""
    lines = [f"{one.id}  {one.title}（{one.cause}）  证据 {len(one.exhibits)} 件" for one in found]
    return "\n".join(lines) or "尚无案件。"


def case(file: CaseFile) -> str:
    """A case: who, what, which exhibits, which ledgers."""
    return "\n".join([*_head(file), *_parties(file), *_exhibits(file), *_ledgers(file)])


def _head(file: CaseFile) -> Iterator[str]:
    yield f"{file.id}  {file.title}"
    yield f"案由：{file.cause}    提交人：{file.submitter}    建立：{clock.beijing(file.created)}"
    if file.authority:
        yield f"受理：{file.authority}"
    if file.conduct_from or file.conduct_until:
        yield f"行为时间：{file.conduct_from or '不详'} 至 {file.conduct_until or '持续'}"
    yield from (f"请求{number}：{text}" for number, text in enumerate(file.requests, 1))


def _parties(file: CaseFile) -> Iterator[str]:
    for one in file.parties:
        more = "，".join(text for text in (one.identifier, one.address, one.contact) if text)
        yield f"  {one.ref}  {ROLES[one.role]}：{one.name}{f'（{more}）' if more else ''}"


def _exhibits(file: CaseFile) -> Iterator[str]:
    for one in file.ordered:
        kept = "" if one.filed else "（内部清单，不提交）"
        yield f"  {one.number}  {one.ref}  [{one.group}] {one.title}：{one.purpose}{kept}"
        yield from (f"        采集 {capture}" for capture in one.captures)
        yield from (f"        线索 {finding}" for finding in one.findings)
        yield from (f"        位置 {region}" for region in one.regions)


def _ledgers(file: CaseFile) -> Iterator[str]:
    for ledger, title in LEDGERS.items():
        lines = [one for one in file.ledger if one.ledger == ledger]
        if lines:
            yield f"{title}："
            yield from map(_line, lines)


def _line(one: LedgerLine) -> str:
    more = "，".join(
        [*([f"{one.amount} 元"] if one.amount else []), *([f"{one.hours} 小时"] if one.hours else [])]
    )
    return f"  {one.ref}  {one.date}  {one.kind}：{one.text}{f'（{more}）' if more else ''}"
