"""Chinese for the innocent readings that lexicon.toml lists in English. A test keeps the two together."""

from crawler.detect.text.criteria import innocent_readings

CHINESE = {
    "news, court and consumer-education pages": "新闻、裁判文书、消费教育",
    "platform rules that forbid it": "平台禁止性规则",
    "buyers complaining in reviews": "买家在评价中投诉",
    "a real resupply or make-up order": "真实的补发订单",
    "a fishing pond": "钓鱼的鱼塘",
    "an ordinary gift order: 9 of 10 occurrences in public code were gift modules": "普通赠品订单",
    "product testing": "产品测试",
    "ordinary shop management": "一般店铺运营",
    "volunteers, supervisors, staff": "志愿者、监督员、员工招募",
    "chance substring in code comments such as 存放单个": "其他词语的偶然组合",
    "ride-hailing and repair dispatch": "网约车、维修派单",
    "any freelance work": "一般零工",
    "ride-hailing and delivery": "网约车、配送",
    "fashion buyer": "时装买手",
    "real prize draws": "真实抽奖",
    "ordinary day labour": "一般日结工",
    "a real job": "真实工作",
    "product taken offline": "商品下架",
    "salaried hotel tester": "受薪酒店试睡员",
    "government appointment; product testing with feedback to the maker; UX jobs": "机关聘任、产品测试、用户体验岗位",
    "investment principal": "投资本金",
    "agents, brokers, affiliate programmes": "中介、经纪、推广佣金",
    "ordinary refunds": "一般退款",
    "ordinary promotions": "一般促销",
    "ordinary site text": "一般网页文字",
    "ordinary idiom": "成语、惯用语",
    "ask the shop before ordering a custom item": "定制商品下单前咨询",
    "card and payment cash back; buyers complaining": "银行卡返现、买家投诉",
    "ordinary lucky-draw cards": "一般抽奖卡",
    "a declared post is disclosed advertising": "已报备、已标明的广告",
    "dine-and-dash in crime news": "新闻中吃饭不付钱",
    "legitimate platform tool": "平台正规工具",
    "legitimate platform tool; also chips": "平台正规工具、食品",
    "ordinary chat": "一般聊天",
    "ordinary food blogging": "一般美食分享",
    "ordinary praise": "一般好评",
    "ordinary praise: see base_rate": "一般好评",
    "ordinary public relations": "一般公关",
    "ordinary recommendation": "一般推荐",
    "paper plane": "纸飞机",
    "penguin": "企鹅",
    "rice, metre": "大米、长度单位",
    "satellite": "卫星",
    "search-engine indexing, anthology": "搜索引擎收录、文集",
    "seller complaints": "商家投诉",
    "trade-in": "以旧换新",
    "under water": "水下",
}


def other_meanings(term: str) -> str:
    """What else a term may mean, Chinese; a dash for phrases that the lexicon does not list."""
    return "、".join(CHINESE[reading] for reading in innocent_readings(term)) or "—"
