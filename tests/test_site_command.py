"""`evidence site new`: a draft that loads, reads its page and is named for what it is: a guess."""

import importlib.util
import sys
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.reading import Oddity
from crawler.engine.site import Site, check_site
from crawler.engine.site_draft import draft, name_of
from crawler.errors import UsageError
from crawler.items import Item, Review
from tests.commands import evidence

URL = "https://www.tea-shop.example/tea/7/reviews"
ROW = (
    '<li class="review-item" id="r{n}"><span class="user-nick">茶客{n}</span><i class="star-rating">5分</i>'
    '<p class="review-text">第{n}条：茶香浓，泡了三次还有味道，包装也好</p>'
    '<span class="post-time">2026-11-{n:02}</span></li>'
)
ROWS = "".join(ROW.format(n=n) for n in range(1, 9))
PAGE = f"<html><body><div class=top>茶店</div><ul class=list>{ROWS}</ul></body></html>"


def page(body: str = PAGE, url: str = URL) -> HtmlResponse:
    return HtmlResponse(url, body=body.encode(), encoding="utf-8")


def loaded(source: str, folder: Path, name: str) -> type[Site]:
    """The spider of a draft."""
    (folder / f"{name}.py").write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (site,) = (
        found for found in vars(module).values() if isinstance(found, type) and found.__module__ == name
    )
    assert issubclass(site, Site)
    return site


def test_a_table_is_guessed_from_what_repeats(tmp_path: Path) -> None:
    made = draft(page(), "tea_shop", "review")
    assert (made.software, made.rows) == (None, 8)
    assert len(made.source.splitlines()) <= 35
    assert "every selector is a guess" in made.source
    site = loaded(made.source, tmp_path, "tea_shop")
    assert check_site(site) == []
    assert site.reads("http://tea-shop.example/tea/12/reviews") == "parse_page"
    assert site.reads("http://tea-shop.example/tea/12") is None
    first, *rest = (one for one in site().parse_page(page()) if isinstance(one, Item))  # type: ignore[attr-defined]
    assert isinstance(first, Review)
    assert len(rest) == 7
    assert (first.identifier, first.author, first.date_published) == ("r1", "茶客1", "2026-11-01")
    assert (first.rating_value, first.review_body[:4]) == ("5分", "第1条：")


@pytest.mark.parametrize(
    ("body", "software"),
    [
        ('<head><meta name="generator" content="Discuz! X3.4"></head>', "Discuz"),
        ('<html id="XF"><body></body></html>', "XenForo"),
        ('<body class="single-product woocommerce woocommerce-page"></body>', "WooCommerce"),
        ('<script type="application/ld+json">{"@type": "Product", "name": "壶"}</script>', "SchemaOrg"),
        ('<div itemscope itemtype="https://schema.org/DiscussionForumPosting"></div>', "Discussion"),
    ],
)
def test_known_software_is_recognised(body: str, software: str, tmp_path: Path) -> None:
    made = draft(page(body), "tea_shop", "post")
    assert made.software == software
    site = loaded(made.source, tmp_path, "tea_shop")
    assert check_site(site) == []
    assert site.owns(URL)
    assert len(made.source.splitlines()) <= 14


@pytest.mark.parametrize(
    "url", ['https://x.example/a"""\nimport os', "https://x.example/?q='\\", 'https://例.example/a"b']
)
def test_nothing_of_an_address_becomes_code(url: str, tmp_path: Path) -> None:
    site = loaded(draft(page(url=url), "tea_shop", "review").source, tmp_path, "tea_shop")
    assert not hasattr(sys.modules.get("tea_shop", site), "os")
    assert site.name == "tea_shop"


def test_what_cannot_be_drafted_is_refused() -> None:
    for body, name, why in (
        (PAGE, "Tea-Shop", "cannot name a spider"),
        ("<p>x</p>", "tea", "nothing repeats"),
    ):
        with pytest.raises(UsageError, match=why):
            draft(page(body), name, "review")


def test_names_come_from_hosts() -> None:
    assert name_of("https://www.tea-shop.example/x") == "tea_shop"
    assert name_of("http://163.example/") == "site_163"


def test_the_command_writes_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spiders, pages = tmp_path / "spiders", tmp_path / "pages"
    spiders.mkdir()
    pages.mkdir()
    (tmp_path / "saved.html").write_text(PAGE, "utf-8")
    order = ("site", "new", URL, "--from", tmp_path / "saved.html", "--spiders", spiders, "--pages", pages)
    made = evidence(capsys, "--archive", tmp_path / "none", *order)
    assert made.code == 0, made.err
    assert "推测出 8 行" in made.out
    site = loaded((spiders / "tea_shop.py").read_text("utf-8"), tmp_path, "tea_shop")
    (folder,) = pages.glob("tea_shop/*")
    assert {path.name for path in folder.iterdir()} == {"page.html", "meta.json"}
    found = list(site().parse_page(page()))  # type: ignore[attr-defined]
    assert not any(isinstance(one, Oddity) for one in found)
    again = evidence(capsys, "--archive", tmp_path / "none", *order)
    assert again.code == 2
    assert "--name" in again.err
