"""Doorway pages and an article, written for these tests; brands and numbers are invented."""

CITIES = (
    "石家庄市、唐山市、秦皇岛市、邯郸市、邢台市、保定市、张家口市、承德市、沧州市、廊坊市、衡水市、太原市、大同市、阳泉市、长治市、晋城市",
    "朔州市、晋中市、运城市、忻州市、临汾市、吕梁市、呼和浩特市、包头市、乌海市、赤峰市、通辽市、鄂尔多斯市、呼伦贝尔市、巴彦淖尔市、沈阳市",
    "大连市、鞍山市、抚顺市、本溪市、丹东市、锦州市、营口市、阜新市、辽阳市、盘锦市、铁岭市、朝阳市、葫芦岛市、长春市、吉林市、四平市、辽源市",
)
ARTICLE = """本报讯 临江区人民法院昨天审结一起组织刷单炒信的不正当竞争纠纷案，被告工作室被判停止侵权并赔偿损失。
法院查明，该工作室在两年间招募三百余人，先由其垫付下单，再按统一文案发布五星好评，随后返还货款并支付佣金，涉及商家四十余家。
“虚构交易和评价，既欺骗消费者，也挤压了诚信经营者。”承办法官在庭后接受记者采访时说，这样的做法为法律所禁止。"""


def doorway_page(
    brand: str, thing: str, number: str, *, article: str = "", places: tuple[str, ...] = CITIES
) -> str:
    """The text of a doorway page."""
    name = brand + thing
    lines = [
        f"{name}官方售后电话-全国统一客服热线{number}",
        f"{name}售后服务电话：{number}，{brand}全国统一报修热线，二十四小时人工坐席。",
        f"温馨提示：{brand}官方售后唯一指定号码{number}，谨防假冒。",
        f"{name}维修服务网点覆盖以下地区",
        *places,
        f"{name}客服中心{number}",
    ]
    return "\n".join([*lines, *([article] if article else [])])
