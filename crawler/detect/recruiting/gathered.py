"""What is read together: a thread's title and its first floor are one text of one author."""

from collections.abc import Iterator
from dataclasses import dataclass

from crawler.detect.kit.corpus import Corpus, Post
from crawler.detect.kit.finding import Quote

_FIRST = "1"  # position of the floor that opens a thread
# A page of the press or of an authority reports: only a block with its own contact was put into it by another.
_PRESS = (
    "日报", "晚报", "晨报", "时报", "报社", "新闻", "通讯社", "电视台", "广播", "人民政府", "管理局", "公安", "法院",
    "检察院", "消委会", "消费者协会", "消协", "网信办",
)  # fmt: skip
_LONGEST = 200_000  # characters of one post that are read; a post of the web is a hundredth of it


@dataclass(frozen=True, slots=True)
class Text:
    """One author's text: a title and a body that may lie in two posts."""

    post: Post  # whose body it is, or whose title where there is no body
    title: Post | None

    @property
    def whole(self) -> str:
        """Title, line break, body."""
        return self._head + (self.post.article_body or "")[:_LONGEST]

    @property
    def _head(self) -> str:
        return f"{self.title.headline}\n" if self.title and self.title.headline else ""

    @property
    def thread(self) -> str:
        """The thread's identifier, or the post's own."""
        return self.post.is_part_of or self.post.identifier

    @property
    def press(self) -> bool:
        """Does the page name a newspaper or an authority as its publisher?"""
        names = [post.publisher or "" for post in (self.post, self.title) if post]
        return any(word in name for name in names for word in _PRESS)

    def quote(self, start: int, end: int, label: str, restored: str | None) -> Quote:
        """Words of the whole, quoted from the post and field that they stand in."""
        head = len(self._head)
        if self.title and start < head:
            return self.title.quote("headline", start, min(end, head - 1), label, restored=restored)
        return self.post.quote("article_body", start - head, end - head, label, restored=restored)


def texts(corpus: Corpus) -> Iterator[Text]:
    """Every new text. A title whose first floor is known is read with it, not alone."""
    titles: dict[tuple[str, str], Post] = {}
    opened: set[tuple[str, str]] = set()
    for post in corpus.posts():
        if post.headline:
            titles[post.site, post.identifier] = post
        if post.is_part_of and post.position == _FIRST:
            opened.add((post.site, post.is_part_of))
    for post in corpus.posts(new=True):
        if post.article_body:
            own = post if post.headline else None
            first = post.is_part_of and post.position == _FIRST
            yield Text(post, own or (titles.get((post.site, post.is_part_of or "")) if first else None))
        elif post.headline and (post.site, post.identifier) not in opened:
            yield Text(post, post)
