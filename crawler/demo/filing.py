"""The demo's case: key pages in a real browser, findings, exhibits by group, three grades of bundle."""

from typing import Any, Protocol

from crawler.errors import EvidenceError

SHOP_HOST, RECRUITING = "yunlan.example", "招30位体验官"  # what the case is about
GROUPS = {"recruit": "B", "consume": "C", "review": "D", "rebate": "E"}  # 招募—消费—评价—返款
PER_LINK = 2  # findings of one link that are filed

Json = dict[str, Any]


class Teller(Protocol):
    """Who runs the commands of the story."""

    def step(self, title: str) -> None:
        """Say what comes."""

    def run(self, *words: str, expect: int = 0) -> None:
        """Run a command and show it."""

    def ask(self, *words: str) -> Any:
        """Run a command for its JSON."""


def build_case(teller: Teller) -> None:
    """Render what matters, look for what is suspicious, and put it into case K1."""
    recruiting = teller.ask("items", "post", "--text", RECRUITING)
    changes = [change for change in teller.ask("watch", "changes") if SHOP_HOST in change["page_url"]]
    moves = [change for change in changes if change["field"] == "sales" and "/item/" in change["page_url"]]
    gone = [change for change in changes if (change["what"], change["kind"]) == ("vanished", "review")]
    if not (recruiting and moves and gone):
        raise EvidenceError("nothing was captured for the case: the demo market's plan must have changed")
    teller.step("在真实的浏览器中再固定两个关键网页：截图、页面文字、网页结构（--render）")
    page = ("--render", "--no-replay-check", "--pages", "1", "--url")
    teller.run("crawl", "market_bbs", *page, recruiting[0]["page_url"])
    teller.run("crawl", "market_shop", *page, moves[0]["page_url"])
    teller.step("查找疑似线索（evidence detect），由人核对后整理案件")
    teller.run("detect")
    _begin(teller)
    shop = teller.ask("captures", "--url", moves[0]["page_url"], "--limit", "1")[0]["id"]
    _parties(teller, shop)
    _exhibit(teller, "A", "店铺商品页", "初步证明被申请人经营该店铺", shop)
    for link, group in GROUPS.items():
        for finding in _findings(teller, link):
            teller.run("findings", "confirm", finding, "--reason", "已核对原网页与引文")
            teller.run(
                "case", "add", "K1", "--finding", finding, "--group", group, "--title", "疑似线索所据网页"
            )
    _exhibit(teller, "D", "评价页前后对比", "初步证明前次可见的评价在后次采集时已不可见", *_both(gone[0]))
    _exhibit(teller, "F", "商品页前后对比", "初步证明商品销量计数在两次采集之间的变化", *_both(moves[0]))


def _begin(teller: Teller) -> None:
    teller.run(
        "case", "new", "演示：云岚家居店涉嫌组织虚假评价", "--cause", "涉嫌虚假宣传纠纷",
        "--authority", "演示市中级人民法院", "--request", "判令被告停止组织有偿评价的行为",
        "--request", "判令被告在省级以上媒体赔礼道歉",
    )  # fmt: skip


def _parties(teller: Teller, shop: str) -> None:
    party = ("case", "party", "K1")
    teller.run(*party, "--role", "association", "--name", "演示市消费者委员会")
    teller.run(
        *party, shop, "--role", "operator", "--name", "临江云岚家居用品有限公司（虚构）",
        "--identifier", "91510100MA00000000", "--address", f"http://{SHOP_HOST}/",
    )  # fmt: skip
    note = ("case", "note", "K1")
    teller.run(*note, "duty", "--date", "2026-11-02", "--kind", "投诉受理", "--text", "受理消费者投诉 12 件")
    teller.run(
        *note, "duty", "--date", "2026-11-09", "--kind", "约谈", "--text", "约谈经营者，要求停止有偿评价"
    )
    teller.run(
        *note,
        "cost",
        "--date",
        "2026-11-12",
        "--kind",
        "公证费",
        "--text",
        "保全证据公证",
        "--amount",
        "1200",
    )


def _findings(teller: Teller, link: str) -> list[str]:
    """Ids of the strongest findings of a link that are about the shop."""
    found: list[Json] = teller.ask("findings", "list")
    about = [
        one["id"]
        for one in found
        if one["link"] == link and any(f":{SHOP_HOST}/" in subject for subject in one["subjects"])
    ]
    return about[:PER_LINK]


def _both(change: Json) -> list[str]:
    return list(dict.fromkeys((change["capture_before"], change["capture_after"])))


def _exhibit(teller: Teller, group: str, title: str, purpose: str, *captures: str) -> None:
    teller.run("case", "add", "K1", *captures, "--group", group, "--title", title, "--purpose", purpose)
