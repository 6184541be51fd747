"""What an environment check saw of a machine, in lines that a person can read."""

from collections.abc import Iterator, Mapping
from typing import Any

_PARTS = (
    "system",
    "software",
    "code",
    "librar",
    "browser",
    "lock",
    "version",
)  # in names of checks about tools
_LABELS = {
    "name": "名称", "version": "版本", "release": "发行版", "kernel": "内核", "build": "构建", "machine": "架构",
    "container": "容器", "root_read_only": "根文件系统只读", "system": "系统", "python": "Python",
    "commit": "代码版本",
    "files": "文件数", "certificates": "证书数", "program": "程序", "program_sha256": "程序 SHA-256", "bytes": "字节",
    "file": "文件", "present": "存在", "default": "缺省", "ours": "本软件所加", "apikeys": "接口密钥",
    "release_sha256": "发行版 SHA-256",
    "extensions": "扩展", "profile": "配置文件夹",
}  # fmt: skip
_PLAIN = {True: "是", False: "否", None: "无"}
_MOST = 600  # characters of one item; the log has all of it


def described(results: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What is known of the tools, by the title of each check; equal for machines that are alike."""
    found: dict[str, str] = {}
    for one in results:
        if one.get("value") and any(part in one["name"] for part in _PARTS):
            said = "；".join(_flat(one["value"]))
            found[one.get("title", one["name"])] = (
                said if len(said) <= _MOST else said[:_MOST] + "……（全文见日志）"
            )
    return sorted(found.items())


def _flat(value: Any, label: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in sorted(value.items()):
            yield from _flat(inner, _LABELS.get(name, f"{label}{name}"))
    elif isinstance(value, list):
        said = "、".join(str(inner) for inner in value)
        if said:
            yield f"{label}：{said}" if label else said
    else:
        said = _PLAIN.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)
        yield f"{label}：{said}" if label else said
