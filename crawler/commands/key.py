"""The log's keys."""

import sys
from pathlib import Path
from typing import Any

import click

from crawler import clock, show
from crawler.commands.root import NOT_SEALED, Group, as_json, evidence, show_result
from crawler.commands.sealing import seal_now
from crawler.engine.passphrase import next_passphrase, passphrase
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.key_change import key_events, replace_key, rotate_key
from crawler.evidence.key_history import CREATED, REPLACED, ROTATED, KeyTerm, read_terms
from crawler.evidence.note import Verifier
from crawler.evidence.seal import Seal
from crawler.store.session import Session

_HOW = {
    CREATED: "建库时生成",
    ROTATED: "轮换，新旧两个密钥共同签名",
    REPLACED: "原密钥遗失后更换，连续性在此中断",
}
_PUBLISH = "请将新的公钥告知持有旧公钥的各方（例如公布在机构网站上）。"
_BACKUP = "请立即为 keys/ 文件夹另存新的备份：旧备份中的密钥不能再用。"
_ROTATED = f"原私钥已删除，不能再签名；此前的签名继续有效。{_PUBLISH}"
_REPLACED = f"""\
日志中已写明这一中断。此前的检查点仍由原密钥签名，时间戳不受影响；新密钥签署的检查点覆盖此前的全部日志。
但原密钥没有为新密钥作证：只持有旧公钥的人，无法凭旧公钥核验此后的签名。{_PUBLISH}"""


@evidence.group(cls=Group)
def key() -> None:
    """日志密钥：查看、轮换、遗失后更换 / the log's keys.

    \b
    evidence key show
    evidence key rotate
    """


@key.command("show")
@as_json
@click.pass_obj
def key_show(archive: Path, as_json: bool) -> None:
    """列出全部密钥：编号、指纹、启用范围、来历 / every key of this log.

    指纹是公钥（DER，SubjectPublicKeyInfo）的 SHA-256。

    \b
    evidence key show
    """
    with Archive.open(archive) as opened:
        terms = read_terms(key_events(opened.log))
        ends = [*(term.index - 1 for term in terms[1:]), None]
        origin = opened.log.verifier.name
    rows = [_row(term, end) for term, end in zip(terms, ends, strict=True)]
    lines = [f"日志 {origin} 的密钥：", *(_line(row) for row in rows)]
    show_result(as_json, {"origin": origin, "keys": rows}, "\n".join(lines))


@key.command("rotate")
@as_json
@click.pass_obj
def key_rotate(archive: Path, as_json: bool) -> None:
    """换用新的密钥，新旧两个密钥共同签名；原私钥随即删除 / a new key, handed over under both signatures.

    \b
    evidence key rotate
    """
    secret = passphrase(archive)
    with Session.open(archive) as session:
        new = rotate_key(session.archive, session.record_event, secret)
        state = seal_now(session.archive, secret)
    _report(as_json, new, state, f"密钥已轮换。{_ROTATED}")


@key.command("replace")
@click.option("--reason", help="原因，写入日志和每一份报告，例如 密钥文件损坏且无备份")
@as_json
@click.pass_obj
def key_replace(archive: Path, reason: str | None, as_json: bool) -> None:
    """密钥遗失或口令遗忘时，启用新的密钥 / a new key when the old one is lost.

    日志会写明连续性在此中断：原密钥不能为新密钥作证。密钥尚能使用时，请用 evidence key rotate。

    \b
    evidence key replace --reason "密钥文件损坏且无备份"
    """
    if reason is None or not reason.strip():
        raise UsageError(
            "--reason is missing: replacing a key without the old one breaks the chain of keys for good, and the log"
            " says why. If the old key can still be used, run `evidence key rotate`"
        )
    secret = next_passphrase(archive)
    with Session.open(archive) as session:
        new = replace_key(session.archive, session.record_event, reason.strip(), secret)
        state = seal_now(session.archive, secret)
    _report(as_json, new, state, f"已启用新的密钥。{_REPLACED}")


def _row(term: KeyTerm, end: int | None) -> dict[str, Any]:
    return {
        "key_id": term.verifier.key_id.hex(),
        "fingerprint": term.verifier.fingerprint,
        "vkey": term.verifier.line,
        "first_entry": term.index,
        "last_entry": end,
        "since": term.time,
        "act": term.act,
        "reason": term.reason,
    }


def _line(row: dict[str, Any]) -> str:
    until = "至今" if row["last_entry"] is None else f"至 {row['last_entry']}"
    reason = f"（{row['reason']}）" if row["reason"] else ""
    return (
        f"\n{row['key_id']}  日志序号 {row['first_entry']} {until}  {_HOW[row['act']]}{reason}"
        f"\n  启用时间 {clock.beijing(row['since'])}"
        f"\n  指纹 {row['fingerprint']}"
        f"\n  公钥 {row['vkey']}"
    )


def _report(as_json: bool, new: Verifier, state: Seal, text: str) -> None:
    found = {
        "vkey": new.line,
        "key_id": new.key_id.hex(),
        "fingerprint": new.fingerprint,
        "sealed": state.sealed,
    }
    lines = [text, _BACKUP, f"新的公钥：{new.line}", f"指纹：{new.fingerprint}", show.sealed(state)]
    show_result(as_json, found, "\n".join(lines))
    if not state.sealed:
        sys.exit(NOT_SEALED)
