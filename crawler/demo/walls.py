"""Pages that stand in a crawler's way: verification, login; and the small lists before a limit."""

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.8 "Noto Sans CJK SC",sans-serif;margin:40px auto;width:760px;color:#333}}
#captcha,#login{{width:320px;margin:60px auto;padding:30px;border:1px solid #ddd;border-radius:8px;text-align:center}}
.slider{{height:38px;line-height:38px;background:#eef;color:#889;border-radius:19px}}</style></head>
<body>{body}</body></html>
"""
_CARD = (
    '<ul class="goods-list"><li class="goods-card" data-id="{id}"><a class="goods-link" href="/item/{id}.html">'
    '<span class="goods-title">{title}</span></a> <span class="price">{price}</span> '
    '<span class="sales">月销356</span> <span class="shop-name">{shop}</span></li></ul>'
)


def verification(shop: str) -> str:
    """A verification wall: nothing of the page that was asked for."""
    body = (
        f'<h2>{shop}</h2><div id="captcha"><p>请完成安全验证</p>'
        '<p>系统检测到访问异常，请拖动滑块完成拼图后继续访问</p><div class="slider">→ 向右拖动滑块 →</div></div>'
    )
    return _PAGE.format(title="安全验证", body=body)


def login() -> str:
    """A login wall."""
    fields = (
        '<p><input name="user" placeholder="手机号"></p>'
        '<p><input name="password" type="password" placeholder="密码"></p>'
    )
    form = f'<form id="login" method="post" action="/login"><h2>账号登录</h2>{fields}<button>登录</button></form>'
    return _PAGE.format(title="请登录", body=form)


def member_list() -> str:
    """The open page of the shop that asks for a login."""
    card = _CARD.format(id=660001, title="会员专享 羊绒围巾", price="会员可见", shop="会员小店")
    return _PAGE.format(title="会员小店", body=f'<h2>会员小店</h2>{card}<a href="/vip/1.html">会员专区</a>')


def limit_list() -> str:
    """The only page that the shop with a limit gives."""
    card = _CARD.format(id=650001, title="限速 抽纸 20包", price="￥19.90", shop="限速小店")
    after = '<div class="pager"><span class="current">1</span><a class="next" href="/list-2.html">下一页</a></div>'
    return _PAGE.format(title="限速小店", body=f"<h2>限速小店</h2>{card}{after}")
