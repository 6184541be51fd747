"""Where a writer is, as Chinese platforms must print it since 2022 (IP 属地): a province, or a country abroad."""

import re

from crawler.printed.plain import plain

PROVINCES = """
    北京 天津 河北 山西 内蒙古 辽宁 吉林 黑龙江 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南
    广东 广西 海南 重庆 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆
    中国香港 中国澳门 中国台湾 香港 澳门 台湾 港澳 港澳台 海外
"""
COUNTRIES = """
    中国 美国 日本 韩国 英国 法国 德国 俄罗斯 加拿大 澳大利亚 新西兰 新加坡 马来西亚 泰国 越南 印度
    印度尼西亚 菲律宾 柬埔寨 老挝 缅甸 蒙古 朝鲜 尼泊尔 巴基斯坦 孟加拉国 斯里兰卡 马尔代夫 哈萨克斯坦
    乌兹别克斯坦 阿联酋 沙特阿拉伯 卡塔尔 伊朗 伊拉克 以色列 土耳其 埃及 南非 尼日利亚 肯尼亚 埃塞俄比亚
    坦桑尼亚 摩洛哥 西班牙 葡萄牙 意大利 荷兰 比利时 瑞士 奥地利 瑞典 挪威 丹麦 芬兰 冰岛 爱尔兰 波兰
    捷克 匈牙利 希腊 乌克兰 白俄罗斯 罗马尼亚 保加利亚 塞尔维亚 巴西 阿根廷 智利 秘鲁 哥伦比亚 墨西哥 古巴
"""  # those that are met; behind the label IP属地 any other name is taken as well
NAMES = frozenset(PROVINCES.split()) | frozenset(COUNTRIES.split())

LABEL = re.compile(r"(?:用户)?IP ?(?:属|归属)地?\s*:?\s*", re.IGNORECASE)
LOOSE = re.compile(r"(?:来自|发布于|发表于)\s*:?\s*")  # stands before clients and dates as well
FIRST = re.compile(r"[^\s,/|-]{2,7}?(?:省|自治区)|[^\s,/|-]+")
NAME = re.compile(r"[\u4e00-\u9fff·]{2,12}")
UNKNOWN = frozenset(["未知", "保密", "其他", "火星"])
ENDING = re.compile(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$")


def region(text: str | None) -> str | None:
    """The province or country, as printed but without its label: "IP属地:江苏" → "江苏".

    A city after its province is left out ("浙江 宁波" → "浙江"). None for a client ("来自绿洲APP"), a date
    ("发布于 2018-01-17"), 未知, a city alone.
    """
    line = plain(text)
    labelled = LABEL.match(line)
    line = line[labelled.end() :] if labelled else line
    while loose := LOOSE.match(line):  # weibo.cn prints it twice
        line = line[loose.end() :]
    first = FIRST.match(line)
    if first and ENDING.sub("", first[0]) in NAMES:
        return first[0]
    return line if labelled and NAME.fullmatch(line) and line not in UNKNOWN else None
