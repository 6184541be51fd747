"""Pages of the forum in the markup of Discuz! X3.4; the caller encodes them as GBK."""

from datetime import date, datetime
from html import escape

from crawler.demo import clock
from crawler.demo.forum import BOARDS, Floor, Forum, Thread, author_name
from crawler.demo.plan import World
from crawler.demo.shop_pages import page_count
from crawler.demo.style import style

PER_BOARD, PER_THREAD = 20, 10
NAME = "临江论坛"
_STYLE = style("forum")


def _page(title: str, body: str, path: str, day: date) -> str:
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=gbk" />
<title>{escape(title)} - {NAME} -  Powered by Discuz!</title>
<meta name="generator" content="Discuz! X3.4" />
<style type="text/css">{_STYLE}</style>
</head>
<body id="nv_forum" class="pg_forumdisplay">
<div id="hd"><div class="wp"><b>{NAME}</b><a href="/">论坛</a><a href="home.php?mod=space">家园</a>\
<a href="forum.php?mod=guide&amp;view=hot">导读</a></div></div>
<div id="wp" class="wp">
<div id="pt" class="bm cl"><div class="z"><a href="./">{NAME}</a> <em>&rsaquo;</em> {path}</div></div>
{body}
</div>
<div id="ft">Powered by Discuz! X3.4 &copy; 2001-2026 · GMT+8, {clock.discuz(clock.now_on(day))}</div>
</body></html>
"""


def index(forum: Forum, day: date) -> str:
    """The forum's first page."""
    rows = "".join(
        f'<tr><td class="icn"></td><td><h2><a href="forum-{fid}-1.html">{name}</a></h2></td>'
        f'<td class="fl_i"><span class="xi2">{len(forum.board(fid, day))}</span></td></tr>'
        for fid, name in BOARDS.items()
    )
    return _page("首页", f'<div class="fl bm"><table class="fl_tb">{rows}</table></div>', "首页", day)


def _pg(pattern: str, current: int, pages: int) -> str:
    if pages == 1:
        return '<div class="pg"></div>'
    links = "".join(
        f"<strong>{number}</strong>"
        if number == current
        else f'<a href="{pattern.format(number)}">{number}</a>'
        for number in range(max(1, current - 4), min(pages, current + 5) + 1)
    )
    after = f'<a href="{pattern.format(current + 1)}" class="nxt">下一页</a>' if current < pages else ""
    return (
        f'<div class="pg">{links}<label><span title="共 {pages} 页"> / {pages} 页</span></label>{after}</div>'
    )


def _span(moment: datetime, day: date) -> str:
    """A relative time carries the full one in its title; an old one is printed as a date."""
    relative = clock.discuz_relative(moment, clock.now_on(day))
    full = clock.discuz(moment)
    return f'<span title="{full}">{relative}</span>' if relative else f"<span>{full.partition(' ')[0]}</span>"


def board(forum: Forum, world: World, fid: int, number: int, day: date) -> str | None:
    """A page of threads (forumdisplay), or None if there is none."""
    threads = forum.board(fid, day)
    pages = page_count(len(threads), PER_BOARD)
    if not 1 <= number <= pages:
        return None
    shown = threads[(number - 1) * PER_BOARD : number * PER_BOARD]
    rows = "\n".join(_thread_row(forum, world, thread, day) for thread in shown)
    links = _pg(f"forum-{fid}-{{}}.html", number, pages)
    body = f"""<div id="pgt" class="bm bw0 pgs cl">{links}</div>
<div id="threadlist" class="tl bm bmw"><div class="bm_c">\
<form method="post" id="moderate" action="forum.php?mod=topicadmin">
<table summary="forum_{fid}" cellspacing="0" cellpadding="0" id="threadlisttableid">
{rows}
</table></form></div></div>
{links}"""
    title = f"{BOARDS[fid]}{f' - 第{number}页' if number > 1 else ''}"
    return _page(title, body, f'<a href="forum-{fid}-1.html">{BOARDS[fid]}</a>', day)


def _thread_row(forum: Forum, world: World, thread: Thread, day: date) -> str:
    moments = forum.reply_moments(thread, day)
    last = moments[-1] if moments else thread.moment
    tid, kind = thread.tid, "stickthread" if thread.sticky else "normalthread"
    pages = page_count(len(moments) + 1, PER_THREAD)
    tps = (
        f'<span class="tps">&nbsp;...<a href="thread-{tid}-{pages}-1.html">{pages}</a></span>'
        if pages > 1
        else ""
    )
    last_uid = forum.author_of(thread, len(moments) + 1)
    return f"""<tbody id="{kind}_{tid}"><tr>
<td class="icn"><a href="thread-{tid}-1-1.html" title="新窗口打开" target="_blank"></a></td>
<th class="common">\
<em>[<a href="forum.php?mod=forumdisplay&amp;fid={thread.board}&amp;filter=typeid">{escape(thread.type)}</a>]</em> \
<a href="thread-{tid}-1-1.html" onclick="atarget(this)" class="s xst">{escape(thread.title)}</a>{tps}</th>
<td class="by"><cite>\
<a href="space-uid-{thread.uid}.html" c="1">{escape(author_name(world.seed, thread.uid))}</a></cite>\
<em>{_span(thread.moment, day)}</em></td>
<td class="num"><a href="thread-{tid}-1-1.html" class="xi2">{len(moments)}</a>\
<em>{_views(world, thread, day)}</em></td>
<td class="by"><cite>\
<a href="space-uid-{last_uid}.html" c="1">{escape(author_name(world.seed, last_uid))}</a></cite>\
<em><a href="forum.php?mod=redirect&amp;tid={tid}&amp;goto=lastpost#lastpost">{_span(last, day)}</a></em></td>
</tr></tbody>"""


def _views(world: World, thread: Thread, day: date) -> int:
    return thread.views + (day - world.today).days * (thread.views // 20 + 3)


def thread_page(forum: Forum, world: World, thread: Thread, number: int, day: date) -> str | None:
    """A page of floors (viewthread), or None behind the last."""
    floors = forum.floors(thread, day)
    pages = page_count(len(floors), PER_THREAD)
    if not 1 <= number <= pages:
        return None
    shown = floors[(number - 1) * PER_THREAD : number * PER_THREAD]
    posts = "\n".join(_floor(thread, floor, day) for floor in shown)
    links = _pg(f"thread-{thread.tid}-{{}}-1.html", number, pages)
    body = f"""<div id="pgt" class="pgs mbm cl">{links}</div>
<div id="postlist" class="pl bm">
<table cellspacing="0" cellpadding="0"><tr><td class="pls ptn pbn"><div class="hm ptn">\
<span class="xg1">查看:</span> \
<span class="xi1">{_views(world, thread, day)}</span><span class="pipe">|</span>\
<span class="xg1">回复:</span> <span class="xi1">{len(floors) - 1}</span></div></td>
<td class="plc ptm pbn vwthd"><h1 class="ts">\
<a href="forum.php?mod=forumdisplay&amp;fid={thread.board}">[{escape(thread.type)}]</a> \
<span id="thread_subject">{escape(thread.title)}</span></h1></td></tr></table>
{posts}
</div>
{links}"""
    return _page(
        f"{thread.title} - {BOARDS[thread.board]}",
        body,
        f'<a href="forum-{thread.board}-1.html">{BOARDS[thread.board]}</a>',
        day,
    )


def _floor(thread: Thread, floor: Floor, day: date) -> str:
    relative = clock.discuz_relative(floor.moment, clock.now_on(day))
    full = clock.discuz(floor.moment)
    posted = (
        f'发表于 <span title="{full}:{floor.moment:%S}">{relative}</span>' if relative else f"发表于 {full}"
    )
    body = escape(floor.body).replace("\n", "<br />\r\n")
    return f"""<div id="post_{floor.pid}"><table id="pid{floor.pid}" class="plhin" \
summary="pid{floor.pid}" cellspacing="0" cellpadding="0"><tr>
<td class="pls" rowspan="2"><div id="favatar{floor.pid}" class="pls favatar"><div class="pi"><div class="authi">\
<a href="space-uid-{floor.uid}.html" target="_blank" class="xw1">{escape(floor.author)}</a></div></div></div></td>
<td class="plc"><div class="pi"><strong>\
<a href="forum.php?mod=redirect&amp;goto=findpost&amp;ptid={thread.tid}&amp;pid={floor.pid}" \
id="postnum{floor.pid}"><em>{floor.number}</em><sup>#</sup></a></strong><div class="pti"><div class="pdbt">\
</div><div class="authi">\
<em id="authorposton{floor.pid}">{posted}</em></div></div></div>
<div class="pct"><div class="pcb"><div class="t_fsz"><table cellspacing="0" cellpadding="0"><tr>\
<td class="t_f" id="postmessage_{floor.pid}">\r\n{body}</td></tr></table></div></div></div></td></tr>\
</table></div>"""


def gone_page(day: date) -> str:
    """What the forum says for a thread that is not there."""
    return _page(
        "提示信息",
        '<div id="messagetext" class="alert_error"><p>抱歉，指定的主题不存在或已被删除或正在被审核</p></div>',
        "提示信息",
        day,
    )
