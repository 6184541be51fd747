"""Pictures that are loaded only when somebody comes near them, in four ways."""

from tests.gallery.answers import Route, page

PICTURES = 40
_EMPTY = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_TALL = ".card{height:900px}"  # 40 of them: 36,000 CSS pixels

_OBSERVED = """<script>
const seen = new IntersectionObserver(entries => entries.forEach(entry => {
  if (!entry.isIntersecting) return;
  seen.unobserve(entry.target);
  entry.target.onload = () => entry.target.classList.add('shown');
  entry.target.src = entry.target.dataset.src;
}));
document.querySelectorAll('img').forEach(image => seen.observe(image));
</script>"""

# As the old plug-ins have it: at most every 100 ms, only what is on the screen at that moment, never by itself.
_SCROLLED = """<script>
let waiting = false;
addEventListener('scroll', () => {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    document.querySelectorAll('img[data-src]').forEach(image => {
      const place = image.getBoundingClientRect();
      if (place.bottom < 0 || place.top > innerHeight) return;
      image.src = image.dataset.src;
      image.removeAttribute('data-src');
    });
  }, 100);
});
</script>"""


def _cards(folder: str, image: str) -> str:
    return "\n".join(
        f'<div class="card"><p>晒图{number}：体验官第{number}号</p>'
        + image.format(source=f"/{folder}/picture-{number}.png", number=number)
        + "</div>"
        for number in range(1, PICTURES + 1)
    )


_SIZE = 'width="300" height="200" alt="晒图{number}"'
_BY_NAME = '<img src="' + _EMPTY + '" data-src="{source}" ' + _SIZE + ">"

ROUTES: dict[str, Route] = {
    "/lazy/": page(
        "买家秀：浏览器懒加载", _cards("lazy", f'<img loading="lazy" src="{{source}}" {_SIZE}>'), style=_TALL
    ),
    "/observed/": page(
        "买家秀：进入视野才加载",
        _cards("observed", _BY_NAME) + _OBSERVED,
        style=_TALL + "img{opacity:0;transition:opacity .4s}img.shown{opacity:1}",
    ),
    "/scrolled/": page("买家秀：滚动才加载", _cards("scrolled", _BY_NAME) + _SCROLLED, style=_TALL),
    # The page itself is one screen; what moves is a box in it, as in many shops on a telephone.
    "/inner/": page(
        "买家秀：页面里的滚动框",
        f'<div id="box">{_cards("inner", _BY_NAME)}</div>' + _OBSERVED,
        style="#box{height:600px;overflow-y:auto}.card{height:300px}img.shown{opacity:1}",
    ),
}
