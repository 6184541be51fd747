"""Witnesses: cosigning other archives' checkpoints, and having ours cosigned."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from crawler import clock
from crawler.commands.root import NOT_SEALED, Group, as_json, evidence, show_result
from crawler.config import FILE as CONFIG_FILE
from crawler.config import WitnessConfig, parse_config, read_config
from crawler.engine.passphrase import passphrase
from crawler.engine.witness_http import WitnessServer, post_checkpoint
from crawler.errors import ArchiveLocked, ConfigError, FormatError, LogError, UsageError
from crawler.evidence import cosigning
from crawler.evidence import witness as rules
from crawler.evidence.add_checkpoint import MAX_BODY
from crawler.evidence.cosignature import MAX_LINES, parse_witness_vkey, rfc3339
from crawler.evidence.cosigning import Cosigned
from crawler.evidence.durable import durable_write
from crawler.evidence.signing_key import load_key
from crawler.evidence.witness import Record, Watched, Witness
from crawler.store.session import Session

_NOBODY_ASKED = (
    "没有询问见证人：设有网址的见证人都已为检查点 {size} 联署，或者没有设有网址的见证人（见 evidence witness list；"
    "以文件交换：evidence witness request 名称 --to 文件）。"
)
PATIENCE_SECONDS = 5.0  # how long a request over HTTP waits for another command to end

file_argument = click.Path(path_type=Path, exists=True, dir_okay=False)
out_option = click.option(
    "--to", "target", type=click.Path(path_type=Path), required=True, help="写到这个文件"
)


@evidence.group(cls=Group)
def witness() -> None:
    """见证：为其他证据库的检查点联署，或请他人为本库联署 / cosign, and have our checkpoints cosigned.

    \b
    evidence witness init --name witness.example.org
    evidence witness add zhongxiaoxie 'witness.example.org+67f7aea0+BE…' --url https://witness.example.org
    """


@witness.command("init")
@click.option("--name", help="见证人名称，用自己的域名，例如 witness.example.org；以后不能更改")
@click.pass_obj
def witness_init(archive: Path, name: str | None) -> None:
    """为本证据库生成见证密钥，并显示公钥 / make a witness key.

    \b
    evidence witness init --name witness.example.org
    """
    with Session.open(archive) as session:
        line = rules.make_witness(
            archive, name or f"{session.archive.config.origin}/witness", passphrase(archive)
        )
        session.record_event("witness-created", {"vkey": line})
    click.echo(f"见证人公钥（交给被见证的一方）：{line}")


@witness.command("trust")
@click.argument("vkey")
@click.pass_obj
def witness_trust(archive: Path, vkey: str) -> None:
    """登记一个日志，此后为它联署 / watch a log: its checkpoints may be cosigned.

    \b
    evidence witness trust 'evidence.example.org/log+3bd38f25+AQ…'
    """
    with Session.open(archive) as session:
        verifier = rules.trust_log(archive, vkey)
        session.record_event("log-trusted", {"vkey": verifier.line})
    click.echo(f"已登记：{verifier.name}（密钥 {verifier.key_id.hex()}）")


@witness.command("cosign")
@click.argument("request", type=file_argument)
@out_option
@click.pass_obj
def witness_cosign(archive: Path, request: Path, target: Path) -> None:
    """核对对方送来的文件，一致则联署 / check a request that came as a file, and cosign.

    \b
    evidence witness cosign 请求.txt --to 联署.txt
    """
    answer = _witness(archive, _session_opener(archive)).answer(_read(request, MAX_BODY))
    if answer.status != rules.OK:
        hint = ""
        forked = answer.status == rules.INCONSISTENT or rules.TWO_HISTORIES in answer.reason
        if answer.media_type == rules.MEDIA_SIZE and not forked:
            hint = f"; they can ask again with `evidence witness request NAME --old {int(answer.body)} --to FILE`"
        # Only a history that contradicts the one before is a matter of evidence; the rest is a wrong file or step.
        kind = LogError if forked else UsageError
        raise kind(f"not cosigned ({answer.status}): {answer.reason}{hint}")
    durable_write(target, answer.body)
    click.echo(f"已联署：{target}，请交还对方")


@witness.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址")
@click.option("--port", type=click.IntRange(0, 65535), default=8087, show_default=True, help="端口，0 为任意")
@click.pass_obj
def witness_serve(archive: Path, host: str, port: int) -> None:
    """通过 HTTP 接受联署请求（C2SP tlog-witness），按 Ctrl-C 结束 / serve the witness protocol.

    \b
    evidence witness serve --host 127.0.0.1 --port 8087
    """
    judge = _witness(archive, _session_opener(archive, PATIENCE_SECONDS)).answer
    with WitnessServer((host, port), judge, _report) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for serve_forever(), which this very thread runs: so from another one.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        click.echo(f"见证服务：{server.url}（按 Ctrl-C 结束）")
        server.serve_forever(poll_interval=0.2)
    click.echo("见证服务已结束")


@witness.command("list")
@as_json
@click.pass_obj
def witness_list(archive: Path, as_json: bool) -> None:
    """列出本库所见证的日志，以及为本库联署的见证人 / logs we watch, witnesses we have.

    \b
    evidence witness list
    """
    config = read_config(archive)
    is_witness = (archive / rules.FOLDER / "witness.vkey").is_file()
    logs = rules.watched(archive) if is_witness else []
    ours = [_our_witness(archive, name, config.witnesses) for name in cosigning.witness_names(archive)]
    found = {
        "vkey": (archive / rules.FOLDER / "witness.vkey").read_text("utf-8").strip() if is_witness else None,
        "watched": [_as_json(log) for log in logs],
        "witnesses": ours,
    }
    show_result(as_json, found, _listed(logs, ours))


@witness.command("add")
@click.argument("name")
@click.argument("vkey")
@click.option("--url", default="", help="见证服务的网址；不填则只用文件交换")
@click.pass_obj
def witness_add(archive: Path, name: str, vkey: str, url: str) -> None:
    """添加一个为本库联署的见证人 / add a witness for our checkpoints.

    \b
    evidence witness add zhongxiaoxie 'witness.example.org+67f7aea0+BE…' --url https://witness.example.org
    """
    try:
        line = parse_witness_vkey(vkey.strip())
    except FormatError as error:
        raise UsageError(str(error)) from error
    with Session.open(archive) as session:
        _add(archive, WitnessConfig(name, url), vkey.strip())
        session.record_event("witness-added", {"name": name, "url": url, "vkey": vkey.strip()})
    click.echo(f"已添加见证人 {name}：{line.name}（密钥 {line.key_id.hex()}）")


@witness.command("request")
@click.argument("name", required=False)
@click.option("--to", "target", type=click.Path(path_type=Path), help="写成文件，由人带去")
@click.option("--old", type=click.IntRange(0), help="见证人告知的已联署检查点大小")
@click.option("--now", is_flag=True, help="立即通过 HTTP 询问所有设有网址的见证人")
@as_json
@click.pass_obj
def witness_request(
    archive: Path, name: str | None, target: Path | None, old: int | None, now: bool, as_json: bool
) -> None:
    """请见证人联署最新检查点：写成文件，或立即通过 HTTP / ask for a cosignature.

    \b
    evidence witness request zhongxiaoxie --to 请求.txt
    evidence witness request --now
    """
    if now == (target is not None) or (target is None) != (name is None):
        raise UsageError("either NAME and --to FILE, or --now")
    with Session.open(archive) as session:
        if name is None or target is None:
            state = cosigning.collect_cosignatures(session.archive, post_checkpoint)
        else:
            cosigning.witness_keys(archive, name)
            wanted = cosigning.request(session.archive, name, old)
            durable_write(target, wanted.to_bytes())
            click.echo(f"请求已写入 {target}：请 {name} 运行 evidence witness cosign")
            return
    found = {"size": state.size, "signed": state.signed, "missing": state.missing}
    show_result(as_json, found, cosigned_text(state) or _NOBODY_ASKED.format(size=state.size))
    if not state.complete:
        sys.exit(NOT_SEALED)


@witness.command("collect")
@click.argument("file", type=file_argument)
@click.pass_obj
def witness_collect(archive: Path, file: Path) -> None:
    """核验并保存见证人交还的联署文件 / verify and keep the cosignature that came back.

    \b
    evidence witness collect 联署.txt
    """
    with Session.open(archive) as session:
        found = cosigning.keep_cosignatures(session.archive, _read(file, MAX_LINES))
    for name, (size, moment) in found.items():
        click.echo(f"检查点 {size} 由 {name} 联署，其时间：{clock.beijing(moment)}")
    if found:
        click.echo("已存入证据库并记入日志；请运行 evidence seal。")


def cosigned_text(state: Cosigned) -> str:
    """What asking the witnesses over HTTP came to, for the terminal; empty if none was asked."""
    lines = [
        f"检查点 {state.size} 由 {name} 联署，其时间：{clock.beijing(moment)}"
        for name, moment in state.signed.items()
    ]
    lines += [f"见证人 {name} 未联署：{reason}" for name, reason in state.missing.items()]
    return "\n".join(lines)


def _witness(archive: Path, opened: rules.Opened) -> Witness:
    read_config(archive)
    rules.own_key(archive)
    return Witness(archive, load_key(archive / rules.KEY, passphrase(archive)), opened)


def _session_opener(archive: Path, patience: float = 0.0) -> rules.Opened:
    """Opens the archive for one cosignature; waits a little if another command is writing."""

    @contextmanager
    def opened() -> Iterator[Record]:
        until = time.monotonic() + patience
        while True:
            try:
                session = Session.open(archive)
                break
            except ArchiveLocked:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        with session:
            yield session.record_event

    return opened


def _add(archive: Path, added: WitnessConfig, vkey: str) -> None:
    path = archive / CONFIG_FILE
    if added.name in cosigning.witness_names(archive):
        raise UsageError(
            f"there is a witness {added.name} already: {cosigning.vkey_path(archive, added.name)}"
        )
    text = path.read_text("utf-8").rstrip("\n") + "\n" + added.to_toml()
    try:
        parse_config(path, text)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    # A crash in between leaves a key without a section: files can be exchanged, HTTP is not used.
    durable_write(cosigning.vkey_path(archive, added.name), vkey.encode() + b"\n")
    durable_write(path, text.encode())


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def _report(line: str) -> None:
    click.echo(f"{clock.beijing(clock.now())}  {line}", err=True)


def _our_witness(archive: Path, name: str, configured: tuple[WitnessConfig, ...]) -> dict[str, Any]:
    keys = [key.name for key in cosigning.witness_keys(archive, name)]
    url = next((entry.url for entry in configured if entry.name == name), "")
    return {"name": name, "keys": keys, "url": url, "cosigned": cosigning.cosigned_size(archive, name)}


def _as_json(log: Watched) -> dict[str, Any]:
    return {
        "origin": log.origin,
        "keys": [key.key_id.hex() for key in log.keys],
        "size": log.newest.size if log.newest else None,
        "time": None if log.time is None else rfc3339(log.time),
        "forks": list(log.forks),
    }


def _listed(logs: list[Watched], ours: list[dict[str, Any]]) -> str:
    lines = ["本库所见证的日志：" if logs else "本库未见证其他日志"]
    for log in logs:
        newest = "尚未联署"
        if log.newest is not None and log.time is not None:
            newest = f"检查点 {log.newest.size}，联署于 {clock.beijing(rfc3339(log.time))}"
        caught = f"；【警告】在 {'、'.join(map(str, log.forks))} 处出示过两份不同的历史" if log.forks else ""
        lines.append(f"  {log.origin}：{newest}{caught}")
    lines.append("为本库联署的见证人：" if ours else "本库没有见证人")
    lines += [
        f"  {one['name']}（{'、'.join(one['keys'])}）：最近联署检查点 {one['cosigned'] or '无'}，"
        f"{one['url'] or '以文件交换'}"
        for one in ours
    ]
    return "\n".join(lines)
