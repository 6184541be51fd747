"""Pages of the newspaper and of the doorway site."""

from collections.abc import Sequence
from html import escape

from crawler.demo import clock
from crawler.demo.news import Article, Doorway
from crawler.demo.style import style

_STYLE = style("news")


def _page(site: str, title: str, body: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><div class="wrap"><header>{site}</header>
{body}
</div></body></html>
"""


def news_index(articles: Sequence[Article]) -> str:
    """The newspaper's list."""
    rows = "\n".join(
        f'<li><a href="/a/{article.id}.html">{escape(article.title)}</a>'
        f"<time>{clock.chinese(article.moment)}</time></li>"
        for article in articles
    )
    return _page(
        "临江晚报",
        "临江晚报 - 新闻",
        f'<ul class="news-list">\n{rows}\n</ul><a href="/admin/">编辑部入口</a>',
    )


def article_page(article: Article) -> str:
    """One article."""
    paragraphs = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.body)
    return _page(
        "临江晚报",
        f"{article.title} - 临江晚报",
        f"""<h1 class="article-title">{escape(article.title)}</h1>
<div class="article-meta"><span class="source">来源：{article.source}</span>\
<span class="author">{article.author}</span>\
<time>{clock.chinese(article.moment)}</time></div>
<div id="article-body">
{paragraphs}
</div><p class="editor">（责任编辑：{article.editor}）</p>""",
    )


def doorway_index(doorways: Sequence[Doorway]) -> str:
    """The doorway site's list."""
    rows = "\n".join(
        f'<li><a href="/brand-{doorway.page}.html">{escape(doorway.title)}</a></li>' for doorway in doorways
    )
    return _page("家电维修服务网", "家电维修服务网", f'<ul class="news-list">\n{rows}\n</ul>')


def doorway_page(doorway: Doorway, filler: Article) -> str:
    """A doorway page: the hotline, place names, and an article copied from the newspaper as filler."""
    own = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in doorway.body)
    copied = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in filler.body)
    return _page(
        "家电维修服务网",
        doorway.title,
        f'<h1 class="article-title">{escape(doorway.title)}</h1>\n<div id="article-body">\n{own}\n</div>\n'
        f'<div class="related">{copied}</div>',
    )
