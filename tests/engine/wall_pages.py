"""Pages written by hand: walls of which no genuine page is saved, in the form their sources quote, and innocent ones.

Each wall is (name of the wall, address, status, body); the sources are named in crawler/engine/walls.toml.
"""

SHOP = "http://shop.test/item/1.html"


def html(title: str | None, body: str = "", head: str = "") -> str:
    """A small page; without a title element when `title` is None."""
    named = "" if title is None else f"<title>{title}</title>"
    return f"<!DOCTYPE html><html><head>{named}{head}</head><body>{body}</body></html>"


PUNISH = (
    '{"api":"mtop.taobao.pcdetail","data":{"url":"https://h5api.m.taobao.test:443//h5/mtop/_____tmd_____/punish?'
    'x5secdata=xc&x5step=2"},"ret":["FAIL_SYS_USER_VALIDATE","RGV587_ERROR::SM::哎哟喂,被挤爆啦,请稍后重试"],"v":"1.0"}'
)
UNHUMAN = "https://www.zhihu.com/account/unhuman?type=S6E3V1&need_login=true"
XHS = "https://edith.xiaohongshu.com/api/sns/web/v2/comment/page"
BILI = "https://api.bilibili.com/x/v2/reply"

WALLS: list[tuple[str, str, int, str]] = [
    *(
        ("verification", SHOP, 200, html(title))
        for title in (
            "百度安全验证",
            "安全验证",
            "\n  验证中心 \n",
            "身份核实",
            "安全限制",
            "滑动验证页面",
            "验证码中间页",
            "请输入验证码",
            "Just a moment...",
            "Attention Required! &#124; Cloudflare",
            "Access to this page has been denied",
            "Robot Check",
            "Pardon Our Interruption",
            "Access denied | site.test used CloudFlare to restrict access",
            "Please Wait... | Cloudflare",
            "DDoS protection by Cloudflare",
            "Sucuri WebSite Firewall - Access Denied",
            "Vercel Security Checkpoint",
        )
    ),
    ("verification", SHOP, 503, html("Just a moment...")),
    *(
        ("verification", SHOP, 200, html(title, f"<form {code}></form>"))
        for title, code in (
            ("请稍候，正在检查", "id=f action='?jschl-answer'"),
            ("Please wait while we check", "action='?jschl_answer'"),
            ("Human Verification", "action=//wappass.baidu.com/static/captcha/tuxing.html"),
            ("You are being redirected...", "onsubmit=sucuri_cloudproxy_js()"),
            ("", "action=/cdn-cgi/challenge-platform/h/b/orchestrate/managed/v1"),
            ("", "action=/cdn-cgi/challenge-platform/h/g/orchestrate/managed/v1"),
            ("", "id=waf-jschallenge"),
        )
    ),
    ("verification", SHOP, 200, html(None, '<script>window._cf_chl_opt={cvId: "3"}</script>')),
    ("verification", SHOP, 200, html("", '<iframe src="/_Incapsula_Resource?SWUDNSAI=31"></iframe>')),
    ("verification", SHOP, 200, html(None, '<script>location="/_____tmd_____/punish?x5secdata=a"</script>')),
    ("verification", SHOP, 200, html("验证一下", '<form action="/_____tmd_____/punish?x5secdata=a"></form>')),
    (
        "verification",
        SHOP,
        200,
        html("shop.test", '<script src="https://ct.captcha-delivery.com/c.js"></script>'),
    ),
    ("verification", SHOP, 202, html("", "<script>window.awsWafCookieDomainList = [];</script>")),
    (
        "verification",
        SHOP,
        200,
        html("Amazon.com", '<form action="/errors/validateCaptcha">Type the letters</form>'),
    ),
    ("verification", SHOP, 200, "<html><script>\nvar arg1='274E1264B626E35E';var _0x4818=[]</script></html>"),
    ("verification", "https://wappass.baidu.com/static/captcha/tuxing.html?a=1", 200, html("x")),
    ("verification", "https://h5api.m.taobao.com/h5/mtop/_____tmd_____/punish?x5secdata=a", 200, html("x")),
    ("verification", UNHUMAN, 200, html("知乎")),
    ("verification", "https://www.xiaohongshu.com/website-login/captcha?redirectPath=x", 200, html("x")),
    ("verification", "https://callback.58.com/antibot/verifycode?serialId=1", 200, html("x")),
    ("verification", "https://verify.meituan.com/v2/web/general_page?action=spiderindefence", 200, html("x")),
    ("verification", "https://cfe.m.jd.com/privatedomain/risk_handler/03101900/?returnurl=x", 200, html("x")),
    ("verification", "https://mobile.yangkeduo.com/psnl_verification.html?from=x", 200, html("x")),
    ("verification", "https://sec.douban.com/c?r=x", 200, html("x")),
    ("verification", "https://www.douban.com/misc/sorry?original-url=x", 200, html("x")),
    ("verification", "https://www.sogou.com/antispider/?from=x", 200, html("x")),
    ("verification", "https://www.google.com/sorry/index?continue=x", 200, html("x")),
    ("verification", "https://www.amazon.com/errors/validateCaptcha?amzn=x", 200, html("x")),
    ("verification", "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?target_url=x", 200, html("x")),
    ("verification", SHOP, 200, PUNISH),
    ("verification", SHOP, 200, f"  mtopjsonp1({PUNISH});\n"),
    ("verification", SHOP, 200, '{"ret":["FAIL_SYS_RGV587_ERROR::被挤爆啦"],"data":{}}'),
    ("verification", SHOP, 200, '{"data":{"url":"//a.test/_____tmd_____/punish?x5secdata=a"},"ret":["X"]}'),
    ("verification", SHOP, 200, '{"url":"//a.test/_____tmd_____/punish?x5secdata=a"}'),
    ("verification", SHOP, 200, 'cb({"rgv587_flag":"sm","url":"https://sec.taobao.test/query.htm"})'),
    ("verification", SHOP, 200, f'{{"error":{{"need_login":true,"redirect":"{UNHUMAN}","code":40352}}}}'),
    (
        "verification",
        SHOP,
        200,
        '{"error":{"need_login":true,"code":40352,"message":"系统监测到您的网络环境异常"}}',
    ),
    (
        "verification",
        SHOP,
        200,
        '{"server_time":1,"verify_auth_token":"bV3U","scene_id":11,"error_code":54001}',
    ),
    (
        "verification",
        BILI,
        200,
        '{"code":-352,"message":"风控校验失败","ttl":1,"data":{"v_voucher":"voucher_8e"}}',
    ),
    ("verification", BILI, 200, '{"code":0,"message":"0","ttl":1,"data":{"v_voucher":"voucher_52"}}'),
    ("verification", BILI, 200, '{"code":-401,"data":{"ga_data":{"decisions":["verify_captcha_level2"]}}}'),
    ("verification", SHOP, 200, f'{{"error":{{"redirect":"{UNHUMAN}","code":1}}}}'),
    ("verification", BILI, 200, '{"code":-352,"message":"-352","ttl":1}'),
    ("verification", XHS, 461, ""),
    ("verification", XHS, 471, ""),
    ("visitor-system", SHOP, 200, html("Sina Visitor System")),
    ("visitor-system", "https://passport.weibo.com/visitor/visitor?entry=miniblog", 200, html("x")),
    ("login", "https://passport.jd.com/new/login.aspx?ReturnUrl=x", 200, html("京东-欢迎登录")),
    ("login", "https://login.taobao.com/member/login.jhtml", 200, html("淘宝登录")),
    ("login", "https://login.taobao.com/havanaone/login/x.htm", 200, html("淘宝")),
    ("login", "https://www.zhihu.com/signin?next=%2F", 200, html("知乎")),
    ("login", "https://accounts.douban.com/passport/login?source=x", 200, html("豆瓣")),
    ("login", "https://mobile.yangkeduo.com/login.html?from=x", 200, html("拼多多")),
    ("login", "https://passport.weibo.com/sso/signin?entry=x", 200, html("微博")),
    ("login", "https://www.amazon.com/ap/signin?openid=x", 200, html("Amazon")),
    (
        "login",
        SHOP,
        200,
        html("", '<meta http-equiv="refresh" content="0;url=//login.taobao.com/member/login.jhtml">'),
    ),
    (
        "login",
        SHOP,
        200,
        html("", '<script>location="//passport.weibo.com/visitor/visitor?a=enter"</script>'),
    ),
    ("login", "http://shop.test/login?back=%2Fvip", 200, html("会员登录")),
    ("login", "https://app1.vocusgr.test/Login.aspx?LanguageID=1033", 200, html("Login")),
    ("login", "http://shop.test/user/sign_in", 200, html("登录")),
    (
        "login",
        SHOP,
        200,
        html("用户登录 - 商城", "<form>账号 <input> 密码 <input name=p type='password'></form>"),
    ),
    ("login", SHOP, 200, html("豆瓣 - 登录跳转页", "有异常请求从你的 IP 发出，请 登录 使用豆瓣")),
    (
        "login",
        SHOP,
        200,
        html(None, '<script>location.href="https://passport.jd.com/new/login.aspx"</script>'),
    ),
    (
        "login",
        SHOP,
        200,
        '{"ok":-100,"msg":"请先登录","url":"https://passport.weibo.com/sso/signin?entry=wapsso"}',
    ),
    ("login", SHOP, 200, '{"ok":-100,"url":"https://weibo.com/login.php?url=x"}'),
    (
        "login",
        SHOP,
        200,
        '{"error":{"need_login":true,"redirect":"https://www.zhihu.com/signin","code":40353}}',
    ),
    ("login", XHS, 200, '{"code":-100,"data":{},"msg":"无登录信息","success":false}'),
    (
        "login",
        XHS,
        200,
        '{"code": -104, "success": false, "msg": "您当前登录的账号没有权限访问", "data": {}}',
    ),
    ("login", SHOP, 200, '{"ret":["FAIL_SYS_SESSION_EXPIRED::Session过期"],"data":{}}'),
    ("login", "https://m.douban.com/rexxar/api/v2/x", 200, '{"msg":"need_login","code":103}'),
    ("too-frequent", SHOP, 200, html("您的访问过于频繁，请稍后再试")),
    ("too-frequent", SHOP, 200, html("访问频繁")),
    ("too-frequent", SHOP, 503, html("Too Many Requests")),
    ("too-frequent", SHOP, 200, "访问过于频繁，请稍后再试"),
    ("too-frequent", SHOP, 200, '{"code":"43003","result":"","msg":"对不起，您访问过于频繁，请稍后再试。"}'),
    ("too-frequent", SHOP, 200, '{"error":"too_many_requests","message":"访问过于频繁，请稍后再试"}'),
    ("too-frequent", SHOP, 200, '{"ok":0,"msg":"操作过于频繁"}'),
    (
        "soft-block",
        XHS,
        200,
        '{"code":300012,"success":false,"msg":"网络连接异常，请检查网络设置或重启试试"}',
    ),
    ("soft-block", XHS, 200, '{"data":{"code":300012,"success":true,"msg":"IP存在风险"},"status":461}'),
    ("soft-block", XHS, 200, '{"code":300015,"success":false,"msg":"浏览器异常，请尝试关闭/卸载风险插件"}'),
    (
        "soft-block",
        SHOP,
        200,
        html(None, "Request unsuccessful. Incapsula incident ID: 123000450012345678-90123456"),
    ),
    ("soft-block", XHS, 200, '{"code":300017,"success":false,"msg":"访问链接异常","data":{}}'),
    ("soft-block", BILI, 412, '{"code":-412,"message":"请求被拦截","ttl":1,"data":null}'),
    (
        "soft-block",
        "https://www.bilibili.com/video/1",
        412,
        html("出错啦! - bilibili.com", "由于触发风控策略"),
    ),
    ("soft-block", "https://api.m.jd.com/client.action?functionId=x", 200, '{"code":"601"}'),
    ("soft-block", "https://www.douyin.com/aweme/v1/web/comment/list/?aweme_id=1", 200, ""),
    (
        "soft-block",
        SHOP,
        405,
        html("405", "很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。"),
    ),
    (
        "soft-block",
        SHOP,
        200,
        html("Access Denied", "<h1>Access Denied</h1>You don't have permission to access x"),
    ),
    ("region", SHOP, 451, html("x", "blocked")),
    ("region", SHOP, 200, html("地区不可用 - 某站", "当前地区暂不提供服务")),
    ("region", SHOP, 200, html("抱歉，您所在的地区暂不支持访问")),
    ("region", SHOP, 200, html("This content is not available in your region")),
    ("region", SHOP, 200, html("Sorry, this page is not available in your country.")),
    ("region", SHOP, 200, html("451 Unavailable For Legal Reasons")),
    ("region", SHOP, 200, '{"code":1,"msg":"您所在的地区暂不支持访问","data":{}}'),
    ("region", SHOP, 200, '{"code":-10403,"message":"抱歉您所在地区不可观看！","result":null}'),
    ("shell", SHOP, 200, html("搜索", '搜索<script src="//g.test/sd/baxia/2.5.28/baxiaCommon.js"></script>')),
    (
        "shell",
        SHOP,
        200,
        html("搜索", '<img src=logo.png><script src="//g.test/??AWSC/AWSC/awsc.js"></script>'),
    ),
]

RENDERED_WALLS: list[tuple[str, str, int, str]] = [
    ("shell", SHOP, 200, html("某某商城", '<div id="app">加载中...</div><script src="/a.js"></script>')),
    ("login", SHOP, 200, html("某某商城", "<form>手机号 <input> 密码 <input type=password> 确定</form>")),
    ("verification", SHOP, 200, f"<html><head></head><body><pre>{PUNISH}</pre></body></html>"),
]

ARTICLE = (
    "<p>验证码是一种区分用户是计算机还是人的程序，访问过于频繁时许多网站会要求用户完成安全验证。</p>" * 60
)
QUOTED = (
    "<pre>window._cf_chl_opt={}; if (ret[0] == 'FAIL_SYS_USER_VALIDATE') go('/_____tmd_____/punish?x')</pre>"
)
HEADER_FORM = '<form action="/login">用户 <input name=u> 密码 <input type="password" name=p> 登录</form>'
REVIEW = (
    '{"code":0,"msg":"success","data":{"url":"http://shop.test/i","rateList":[{"id":7,"content":"查快递时返回 '
    'FAIL_SYS_USER_VALIDATE RGV587_ERROR::SM::哎哟喂，访问过于频繁，_____tmd_____/punish?x5secdata=","ok":-100,'
    '"ret":["FAIL_SYS_USER_VALIDATE"],"error":{"need_login":true,"code":40352},"error_code":54001}]}}'
)

# Neither on the wire nor in a browser.
INNOCENT: list[tuple[str, int, str]] = [
    (SHOP, 200, html("验证码", ARTICLE)),
    (SHOP, 200, html("安全验证", ARTICLE)),
    (SHOP, 200, html("Just a moment...", "<p>A short story in many words.</p>" * 100)),
    (SHOP, 200, html("新闻：网站为何要安全验证", ARTICLE)),
    (
        SHOP,
        200,
        html(
            "淘宝安全验证怎么过 - 卖家论坛", "<div>刚打开后台就让我做滑动验证，访问过于频繁，烦死了。</div>"
        ),
    ),
    (
        SHOP,
        200,
        html("淘宝店铺总是弹出安全验证怎么办？ - 卖家论坛", QUOTED + "<p>楼主：求助。二楼：多等一天。</p>"),
    ),
    (SHOP, 200, html("滑块验证笔记", QUOTED + "<p>以上代码会被网站拦下，请不要学。</p>")),
    (SHOP, 200, html(None, QUOTED + "<p>没有标题的笔记。以上代码会被网站拦下。</p>")),
    (SHOP, 200, html("验证码生成器 9.9元 包邮", "<p>人机验证码生成器，适合论坛站长。</p>")),
    (SHOP, 200, html("评价详情", "发货前要先过验证码，Just a moment... 等了半天，不过物流快。")),
    (SHOP, 200, html("帮助中心 - 怎样登录", HEADER_FORM + ARTICLE)),
    (SHOP, 200, html("登录常见问题", HEADER_FORM + ARTICLE)),
    (
        SHOP,
        200,
        html(
            "手工皂",
            "手工皂 29 元，冷制皂，四十天晾皂。<script src=/cdn-cgi/challenge-platform/scripts/jsd/main.js></script>",
        ),
    ),
    (
        SHOP,
        200,
        html(
            None,
            '<script src="/cdn-cgi/challenge-platform/h/b/scripts/jsd/main.js"></script><p>手工皂 29 元</p>',
        ),
    ),
    (
        SHOP,
        200,
        html(
            "手工皂",
            '<p>手工皂 29 元</p><script src="baxiaCommon.js"></script><p>'
            + "冷制皂晾皂四十天，泡沫细腻。" * 5,
        ),
    ),
    (SHOP, 200, html("Just a moment in time – a film review", "<p>Five stars, and a lot of popcorn.</p>")),
    (SHOP, 200, html("Access denied | a novel", "<p>Five stars, and hard to put down.</p>")),
    (
        SHOP,
        200,
        html("Not available in your region", "<p>Thread: which shops ship here? I asked three.</p>" * 40),
    ),
    (
        "http://shop.test/login-lamp/1.html",
        200,
        html("登录台灯 护眼", "<p>护眼台灯，三档调光，送货上门。</p>"),
    ),
    (
        "http://help.test/docs/login/guide.html",
        200,
        html("怎么登录", "<p>点右上角的登录，输入手机号和密码。</p>"),
    ),
    ("http://shop.test/search?q=/login", 200, html("搜索结果", "<p>共找到 0 个商品，换个词试试看吧。</p>")),
    (
        SHOP,
        200,
        html("请登录后查看更多评价", "<p>共 12 条评价：好用，便宜，快。</p><div class=g-recaptcha></div>"),
    ),
    ("http://shop.test/login", 404, html("没有这个页面", "<p>您要找的页面已经不在这里了，请返回。</p>")),
    (SHOP, 302, html("安全验证")),
    (SHOP, 200, html("相册", '<script src="/a.js"></script><img src="1.jpg"><img src="2.jpg">')),
    (SHOP, 200, html("画布", "<script>draw()</script><canvas width=300></canvas>")),
    (SHOP, 200, html("短", "<script>a()</script><p>卖完了</p>")),
    (SHOP, 200, html("空", "")),
    (SHOP, 200, ""),
    (SHOP, 200, REVIEW),
    (SHOP, 200, f"jsonp3({REVIEW})"),
    (SHOP, 200, '{"comments": [{"content": "付款要安全验证，有点麻烦"}]}'),
    (SHOP, 200, '{"id":5,"user":"a","message":"操作频繁卡顿，差评"}'),
    (SHOP, 200, '{"msg":"访问过于频繁","data":{"rows":[1]}}'),
    (SHOP, 200, '{"code":-352,"data":{"rows":[]}}'),
    (SHOP, 200, '{"code":300012,"msg":"其他网站的代码"}'),
    (SHOP, 200, '{"code":"601","name":"花呗"}'),
    (SHOP, 200, '{"error":{"need_login":1,"redirect":"https://www.zhihu.com/question/1"}}'),
    (
        BILI,
        200,
        '{"code":0,"data":{"replies":[{"content":{"message":"又是 -352 风控校验失败，voucher_1"}}]}}',
    ),
    (XHS, 200, '{"code":0,"success":true,"data":{"comments":[{"content":"网络连接异常 300012"}]}}'),
    ("https://www.douyin.com/aweme/v1/web/comment/list/", 200, '{"comments":[],"has_more":0}'),
]

# Before its scripts have run any such page looks like this.
ONLY_PLAIN_INNOCENT: list[tuple[str, int, str]] = [
    (SHOP, 200, html("某某商城", '<div id="app"></div><script src="/a.js"></script>')),
    (SHOP, 200, html(None, '<div id="root">加载中...</div><script src="/a.js"></script>')),
    (
        SHOP,
        200,
        html(
            "手工皂 29 元",
            '<div id="app"></div><form><input type="password"></form><script src="/a.js"></script>',
        ),
    ),
]
