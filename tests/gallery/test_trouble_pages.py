"""The troublesome answers are as troublesome as they say; what a page does to a browser is in test_trouble.py."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from tests.gallery.site import GallerySite
from tests.gallery.trouble import HUGE


@pytest.fixture(scope="module")
def site() -> Iterator[GallerySite]:
    with GallerySite() as site:
        yield site


def ask(site: GallerySite, path: str, timeout: float = 5) -> HTTPResponse:
    answer: HTTPResponse = urllib.request.urlopen(site.url(f"/trouble/{path}"), timeout=timeout)
    return answer


@pytest.mark.parametrize(("path", "length"), [("huge/?length=yes", str(HUGE)), ("huge/", None)])
def test_the_huge_page_is_300_mib(site: GallerySite, path: str, length: str | None) -> None:
    with ask(site, path) as answer:
        assert answer.headers["Content-Length"] == length
        read = 0
        while piece := answer.read(1 << 20):
            read += len(piece)
    assert read == HUGE


def test_the_endless_page_goes_on(site: GallerySite) -> None:
    with ask(site, "endless/") as answer:
        assert len(answer.read(HUGE // 10)) == HUGE // 10


def test_half_a_page_ends_in_the_middle(site: GallerySite) -> None:
    with pytest.raises(http.client.IncompleteRead), ask(site, "half/") as answer:
        answer.read()


def test_one_hangs_up_and_one_says_nothing(site: GallerySite) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        ask(site, "closed/")
    with pytest.raises(TimeoutError):
        ask(site, "silent/", timeout=0.3)


def test_a_redirect_leads_to_the_next(site: GallerySite) -> None:
    with pytest.raises(urllib.error.HTTPError, match="infinite loop"):
        ask(site, "redirect/")
    assert len(site.asked("/trouble/redirect/")) > 5


def test_the_download_is_an_attachment(site: GallerySite) -> None:
    with ask(site, "download/") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
