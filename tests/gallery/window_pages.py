"""Pages that open windows, ask questions, and do not want to be left."""

from tests.gallery.answers import Route, page

_POPUP = """<p>打开页面就弹窗的店</p><script>
addEventListener('beforeunload', event => { event.preventDefault(); event.returnValue = '要走吗'; });
window.open('/popup/window.html', 'advert', 'width=400,height=300');
setTimeout(() => {
  alert('加微信返现');
  const line = document.createElement('p');
  line.textContent = confirm('是否领取红包') ? '已领取红包' : '没有领取红包';
  document.body.append(line);
}, 100);
</script>"""

# The address it shows is no longer the one that was asked for.
_MOVED = """<p>详情页</p><script>
history.pushState({}, '', '/moved/item/7');
const line = document.createElement('p'); line.textContent = '地址换成了' + location.pathname;
document.body.append(line);
</script>"""

ROUTES: dict[str, Route] = {
    "/popup/": page("弹窗", _POPUP),
    "/popup/window.html": page("广告", "<p>弹出的广告窗口</p>"),
    "/moved/": page("换地址", _MOVED),
}
