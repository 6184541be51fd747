"""The part of 核验说明 that says how pages were kept which did not come over the wire as they are stored."""

from collections.abc import Callable, Sequence

from crawler.evidence.manifest import Capture
from crawler.export.wording import artefacts, lacking, plain

_TEXT = """\
## {number}、网页是怎样保存的

{told}
{pages}"""

# What is said of captures of a kind, and which captures are of that kind.
_KINDS: tuple[tuple[str, Callable[[Capture], bool]], ...] = (
    (
        """\
- **浏览器解码后的内容**：网页由浏览器打开，所存是浏览器解除传输编码和压缩之后的内容，不是网络上收发的原始字节；
  因此与所存内容不再相符的 HTTP 头部字段改名为 `X-Archive-Orig-…` 保留。
  由网页生成的截图、页面文字、PDF 等各件列在下面；所列是各件文件本身的 SHA-256，采集清单的 `block_digest` 也有。""",
        lambda capture: capture.fidelity == "browser-decoded" or capture.look is not None,
    ),
    (
        """\
- **剔除了登录凭据等内容的副本**：网页由采集人用自己的浏览器打开。能够打开其账户的内容（Cookie、令牌、密码等）从
  交出的副本中剔除，原处写作 `[withheld:…]`。未剔除的原件封存在证据库中，同样写入日志，可以在证据库中当面核对，
  不随证据交出。""",
        lambda capture: capture.original is not None and capture.redacted is None,
    ),
    (
        """\
- **脱敏副本**：本包不交出原件。每份副本由程序依据原件制成：只保留确知不涉及个人的内容，画面只保留这样的文字，其余模糊
  处理；隐去的内容原处写作 `[withheld:…]`（`[person:…]` 为代号），副本的最后一条记录列有每一处的承诺值
  SHA-256（盐值‖内容）。副本与原件都写入同一日志：副本的采集清单写有原件在日志中的序号和摘要（`redacted`），
  `data/log/originals` 是原件的包含证明。原件及盐值可以封存于单独介质，单独向法官启封，
  以 `evidence verify 本包 --sealed 封存件` 核对。""",
        lambda capture: capture.redacted is not None,
    ),
    (
        """\
- **导入的记录**：由他人工具记录的文件导入，不是采集人直接从网站取得。原记录所称的时间和来源是该文件自己的说法，
  未经核实；采集时间是导入本机的时间，时间戳只证明导入以后没有改动。""",
        lambda capture: capture.fidelity == "imported",
    ),
    (
        """\
- **不完整的网页**：采集结果为“不完整”的，所缺内容及其原因列在下面或者证据目录的备注中，也写在采集清单中。""",
        lambda capture: capture.state == "partial",
    ),
)


def kept_text(captures: Sequence[Capture], number: str) -> str:
    """The section under that Chinese number; "" where every page was kept as it came."""
    told = [text for text, wanted in _KINDS if any(map(wanted, captures))]
    pages = [_page(capture) for capture in captures if capture.look is not None]
    if not told:
        return ""
    return _TEXT.format(number=number, told="\n".join(told), pages="".join(f"\n{page}\n" for page in pages))


def _page(capture: Capture) -> str:
    """What was made of a rendered page, each with the digest of the file, and what is missing."""
    made = [f"- {name}：`{sha256}`" for name, _, sha256 in artefacts(capture)]
    missing = plain(lacking(capture))
    lines = [f"`{plain(capture.url)}`（采集编号 {capture.id}）", "", *made]
    return "\n".join([*lines, *([f"- 缺少：{missing}"] if missing else [])])
