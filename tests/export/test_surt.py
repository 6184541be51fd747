"""SURT keys; the expected ones were computed with the reference implementation (surt 0.3.1)."""

import pytest

from crawler.export.surt import surt

KEYS = {
    "http://www.Example.com/A?b=2&a=1": "com,example)/a?a=1&b=2",
    "https://example.com": "com,example)/",
    "https://tieba.baidu.com/p/123?pn=2#floor": "com,baidu,tieba)/p/123?pn=2",
    "http://例子.cn/路?x=1 2": "cn,xn--fsqu00a)/%e8%b7%af?x=1%202",
    "http://a.com:80/": "com,a)/",
    "https://a.com:443/%e4%BD%A0?q=%E4": "com,a)/%e4%bd%a0?q=%e4",
    "http://127.0.0.1:8000/a/b/": "1,0,0,127:8000)/a/b",
    "http://a.com/x?": "com,a)/x",
    "http://a.com/?a&b=": "com,a)/?a&b=",
    "urn:x:y": "urn:x:y",
}


@pytest.mark.parametrize("url", KEYS)
def test_keys_are_those_of_the_reference(url: str) -> None:
    assert surt(url) == KEYS[url]


@pytest.mark.parametrize(
    "url", [*KEYS, "urn:evidence:x y", "http://[::1/", "http://a b/\r\nc", "http://a:x/", "http://.../", ""]
)
def test_keys_never_hold_blanks_or_break_a_line(url: str) -> None:
    assert all("!" <= character <= "~" for character in surt(url))
