"""Values as printed: real strings from shops and forums, and strings that must not be understood."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from crawler.printed import moment, money, number, rating, region

CAPTURED = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # 14:00 in Beijing, a Sunday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2万+", (12_000, True)),
        ("月销1.2万+", (12_000, True)),
        ("月销356", (356, False)),
        ("1.2万", (12_000, False)),
        ("2.3万+条评价", (23_000, True)),
        ("3千", (3000, False)),
        ("5百+", (500, True)),
        ("1.5亿", (150_000_000, False)),
        ("1.5千万", (15_000_000, False)),
        ("10w+", (100_000, True)),
        ("1.5k", (1500, False)),
        ("1,234", (1234, False)),
        ("1,234,567条", (1_234_567, False)),
        ("１，２３４", (1234, False)),
        ("999+", (999, True)),
        ("999＋", (999, True)),
        ("已售 300+ 件", (300, True)),
        ("300多条", (300, True)),
        ("300条以上", (300, True)),
        ("超过500人付款", (500, True)),
        ("有用(12)", (12, False)),
        ("251回复贴", (251, False)),
        ("Antworten: 2", (2, False)),
        ("0", (0, False)),
        ("5164241", (5_164_241, False)),
        ("一万二千", (12_000, False)),
        ("两千+", (2000, True)),
        ("三百余", (300, True)),
        ("10k+", (10_000, True)),
        ("2.3K", (2300, False)),
        ("1.2M", (1_200_000, False)),
        ("1.8m", None),  # metres
        ("1,049,900", (1_049_900, False)),
        ("1000000", (1_000_000, True)),  # where Weibo stops counting
        ("评论[1000000]", (1_000_000, True)),
        ("1,000,000", (1_000_000, False)),
        ("已拼1万件", (10_000, False)),
        ("月销1000+", (1000, True)),
        ("1\u00a0192 отзыва", (1192, False)),
        ("回复 5\u00a0120", None),  # two numbers
        ("More than 200", (200, True)),
        ("over 1,000", (1000, True)),
        ("cover 200", (200, False)),
        ("不少于300", (300, True)),
        ("不到300", None),
        ("100以内", None),
        ("up to 50", None),
        ("还有11条回复", None),
        ("116 of 133 people found this helpful", (116, False)),
        ("One person found this helpful", (1, False)),
        ("签到人数：444", (444, False)),
        ("59元", None),
        ("¥59", None),
        ("-", None),
        ("", None),
        (None, None),
        ("暂无评价", None),
        ("万", None),
        ("-5", None),
        ("98%", None),
        ("1-50", None),
        ("100~200", None),
        ("2024-08-06", None),
        ("22:11", None),
        ("8.340", None),  # German thousands
        ("5.0", None),
        ("1,2345", None),
        ("12,34", None),
        ("1??9", None),
        ("3kg", None),
        ("近30天销量1.2万", None),
        ("9" * 400, None),
        ("13800138000138000", None),
    ],
)
def test_number(text: str | None, expected: tuple[int, bool] | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("￥1,299.00", ("1299.00", "CNY", False)),
        ("¥59.90", ("59.90", "CNY", False)),
        ("券后价 ¥59.9起", ("59.90", "CNY", True)),
        ("券后价 ￥49.9起", ("49.90", "CNY", True)),
        ("59元", ("59.00", "CNY", False)),
        ("59.5 元/件", ("59.50", "CNY", False)),
        ("1.2万元", ("12000.00", "CNY", False)),
        ("¥59.9-89.9", ("59.90", "CNY", True)),
        ("¥59.9 - ¥89.9", ("59.90", "CNY", True)),
        ("59元至89元", ("59.00", "CNY", True)),
        ("低至9.9元", ("9.90", "CNY", True)),
        ("US$12", ("12.00", "USD", False)),
        ("HK$120", ("120.00", "HKD", False)),
        ("1200円", ("1200.00", "JPY", False)),
        ("1200日元", ("1200.00", "JPY", False)),
        ("12,99 €", ("12.99", "EUR", False)),
        ("1.299,00 €", ("1299.00", "EUR", False)),
        ("12.00 CAD", ("12.00", "CAD", False)),
        ("25.20", ("25.20", None, False)),
        ("16899.00", ("16899.00", None, False)),
        ("0.01", ("0.01", None, False)),
        ("¥0.1234", ("0.1234", "CNY", False)),
        ("149.00 - 159.00", ("149.00", None, True)),
        ("5499.00-6799.00", ("5499.00", None, True)),
        ("到手价 ￥99", ("99.00", "CNY", False)),
        ("£87.50", ("87.50", "GBP", False)),
        ("$160.00", ("160.00", None, False)),  # of which country?
        ("US $349.99", ("349.99", "USD", False)),
        ("A$5", ("5.00", "AUD", False)),
        ("CHF 12.50", ("12.50", "CHF", False)),
        ("SGD12", ("12.00", "SGD", False)),
        ("12.50 SEK", ("12.50", "SEK", False)),
        ("VISA $5", ("5.00", None, False)),
        ("12 XXL", ("12.00", None, False)),
        ("TOP 10", ("10.00", None, False)),
        ("6700分", ("67.00", "CNY", False)),
        ("价格 5分", ("0.05", "CNY", False)),
        ("4.8分", None),  # a rating
        ("5角", None),
        ("600以上", ("600.00", None, True)),
        ("Starting at $39.99", ("39.99", None, True)),
        ("100,- tot 125,-", ("100.00", None, True)),
        ("1\u00a0299 €", ("1299.00", "EUR", False)),
        ("1299 руб.", ("1299.00", "RUB", False)),
        ("price on request", None),
        ("定金¥50", None),
        ("配送费¥3.5", None),
        ("$24.96/mo.", None),
        ("Save £5", None),
        ("150以下", None),
        ("Max €30", None),
        ("￥1?9", None),
        ("￥?99", None),
        ("¥1**", None),
        ("-¥5", None),
        ("¥1,299", ("1299.00", "CNY", False)),
        ("到手价￥111.99", ("111.99", "CNY", False)),
        ("12,345,678.90", ("12345678.90", None, False)),
        ("¥5.9.9", None),
        ("1,2,3元", None),
        ("59.5元/500g", None),
        ("1.299", None),  # thousands or decimals?
        ("¥99 ¥129", None),
        ("满100减20", None),
        ("免费", None),
        ("面议", None),
        ("7折 70%", None),
        ("", None),
        (None, None),
        ("9" * 300, None),
    ],
)
def test_money(text: str | None, expected: tuple[str, str | None, bool] | None) -> None:
    assert money(text) == expected


@pytest.mark.parametrize(
    ("text", "best", "expected"),
    [
        ("5", "5", ("5", "5")),
        ("5.0", "5", ("5", "5")),
        ("4.64", "5", ("4.64", "5")),
        ("4.8分", "5", ("4.8", "5")),
        ("4.8分", None, ("4.8", None)),
        ("8.6", "10分", ("8.6", "10")),
        ("五星", "5", ("5", "5")),
        ("4颗星", "5", ("4", "5")),
        ("4 stars", "5", ("4", "5")),
        ("4.5 out of 5 stars", None, ("4.5", "5")),
        ("4/5", None, ("4", "5")),
        ("8.6分（满分10分）", None, ("8.6", "10")),
        ("98%", "5", ("98", "100")),
        ("★★★★☆", None, ("4", "5")),
        ("综合评分：4.9", "5", ("4.9", "5")),
        ("4.5 of 5 bubbles", None, ("4.5", "5")),
        ("4,5/5", None, ("4.5", "5")),
        ("9.2", "10", ("9.2", "10")),
        ("9.2/10 - People like this place", None, ("9.2", "10")),
        ("客户点评：4.4分，总分5分。", None, ("4.4", "5")),
        ("5 out of 5 stars from 16 reviews", None, ("5", "5")),
        ("3.0 star rating", "5", ("3", "5")),
        ("4.0 из 5 звезд", None, ("4", "5")),
        ("sml-rank-stars sml-str30 star", None, ("3", "5")),
        ("mid-str45", "5", ("4.5", "5")),
        ("star-40", None, ("4", "5")),
        ("star_5", None, ("5", "5")),
        ("allstar45", None, ("4.5", "5")),
        ("a-icon a-icon-star a-star-4-5", None, ("4.5", "5")),
        ("star-img stars_3_half", None, ("3.5", "5")),
        ("bubble_50", None, ("5", "5")),
        ("rating_rr_fill rr45", None, ("4.5", "5")),
        ("rr45", None, None),
        ("star-40 star-50", None, None),  # which?
        ("allstar55", None, None),
        ("star-70", None, None),
        ("star-0", None, None),  # nobody has rated
        ("icon-star", None, None),
        ("五星商户", None, None),
        ("1/117页", "5", None),
        ("Rate this recipe 3 out of 5 stars", None, None),
        ("0", "5", ("0", "5")),
        ("10", "10", ("10", "10")),
        ("=5", "5", None),
        ("6", "5", None),
        ("好评", "5", None),
        ("-1", "5", None),
        ("", "5", None),
        (None, None, None),
        ("5", "0", None),
    ],
)
def test_rating(text: str | None, best: str | None, expected: tuple[str, str | None] | None) -> None:
    assert rating(text, best) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # with a year
        ("2025-02-07 15:00:06", ("2025-02-07T07:00:06Z", "second")),
        ("2024-8-6 22:11", ("2024-08-06T14:11:00Z", "minute")),
        ("2024-8-6\xa022:55", ("2024-08-06T14:55:00Z", "minute")),
        ("2024/8/6 22:11", ("2024-08-06T14:11:00Z", "minute")),
        ("2025/3/1 下午3:05", ("2025-03-01T07:05:00Z", "minute")),
        ("2025年3月1日 08:05", ("2025-03-01T00:05:00Z", "minute")),
        ("2025年3月1日 星期六 08:05", ("2025-03-01T00:05:00Z", "minute")),
        ("2026年11月18日 09:20", ("2026-11-18T01:20:00Z", "minute")),
        ("二〇二五年三月一日", None),
        ("2025-12-30", ("2025-12-29T16:00:00Z", "day")),
        ("2020-05", ("2020-04-30T16:00:00Z", "month")),
        ("2025年3月", ("2025-02-28T16:00:00Z", "month")),
        ("2014年", ("2013-12-31T16:00:00Z", "year")),
        ("发表于 2026-11-3 21:14", ("2026-11-03T13:14:00Z", "minute")),
        ("发布时间：2024-08-06 10:00", ("2024-08-06T02:00:00Z", "minute")),
        ("编辑于 2024-08-06", ("2024-08-05T16:00:00Z", "day")),
        ("2024-08-06 10:00 来自iPhone客户端", ("2024-08-06T02:00:00Z", "minute")),
        # with a zone
        ("2025-09-30T16:07:33+00:00", ("2025-09-30T16:07:33Z", "second")),
        ("2025-09-30T16:07:33.123Z", ("2025-09-30T16:07:33Z", "second")),
        ("2025-09-30T16:07:33-0500", ("2025-09-30T21:07:33Z", "second")),
        ("Tue, 06 Aug 2024 22:09:00 GMT", ("2024-08-06T22:09:00Z", "second")),
        ("Tue Aug 06 22:09:00 +0800 2024", ("2024-08-06T14:09:00Z", "second")),
        ("Oct 21, 2016 03:50:46 PDT", ("2016-10-21T10:50:46Z", "second")),
        ("2024-08-06 10:00 (UTC+8)", ("2024-08-06T02:00:00Z", "minute")),
        ("2024-08-06 10:00:00+08", ("2024-08-06T02:00:00Z", "second")),
        ("2024-08-06 10:00 GMT-0330", ("2024-08-06T13:30:00Z", "minute")),
        ("北京时间2024年8月6日 10:00", ("2024-08-06T02:00:00Z", "minute")),
        ("Mon Jun 20 22:36:28 2016 UTC", ("2016-06-20T22:36:28Z", "second")),
        ("2024-08-06 10:00 CST", None),  # China's or Chicago's
        ("2024-08-06 10:00+25:00", None),
        # without a zone: machine notation is Beijing's, a Western clock is not read
        ("Fri Mar 25 11:52:04 2016", ("2016-03-25T03:52:04Z", "second")),
        ("2016-10-21T21:07:43", ("2016-10-21T13:07:43Z", "second")),
        ("2016-10-21 9:07 PM", ("2016-10-21T13:07:00Z", "minute")),
        ("2016-10-21 12:07 am", ("2016-10-20T16:07:00Z", "minute")),
        ("2016-10-21 13:07 pm", None),
        ("Nov 15, 2015 at 5:09 PM", ("2015-11-14T16:00:00Z", "day")),
        ("15.11.2013, 15:02 Uhr", ("2013-11-14T16:00:00Z", "day")),
        ("April 05, 2024 at 7:51 pm", ("2024-04-04T16:00:00Z", "day")),
        ("Tuesday, 2 May 2023", ("2023-05-01T16:00:00Z", "day")),
        ("Upvoted May 2, 2023", None),
        ("17 марта 2015", ("2015-03-16T16:00:00Z", "day")),
        ("2 février 2015", ("2015-02-01T16:00:00Z", "day")),
        ("11 augustus 2013", ("2013-08-10T16:00:00Z", "day")),
        ("3. März 2016", ("2016-03-02T16:00:00Z", "day")),
        ("1st of May 2020", ("2020-04-30T16:00:00Z", "day")),
        ("April 2016", ("2016-03-31T16:00:00Z", "month")),
        ("Brumaire 2016", None),
        ("10/15/2016", ("2016-10-14T16:00:00Z", "day")),
        ("15/10/2016", ("2016-10-14T16:00:00Z", "day")),
        ("08/08/2016", ("2016-08-07T16:00:00Z", "day")),
        ("06/12/2016", None),  # June or December
        ("31/31/2016", None),
        ("Reviewed in the United States on September 1, 2020", ("2020-08-31T16:00:00Z", "day")),
        # Unix time
        ("1477102246.0", ("2016-10-22T02:10:46Z", "second")),
        ("1730000000", ("2024-10-27T03:33:20Z", "second")),
        ("1730000000123", ("2024-10-27T03:33:20Z", "second")),
        ("9999999999", None),
        ("0000000001", None),
        # without a year
        ("11-20", ("2026-11-19T16:00:00Z", "day")),
        ("11-23", ("2025-11-22T16:00:00Z", "day")),  # tomorrow: so it was last year
        ("11月20日", ("2026-11-19T16:00:00Z", "day")),
        ("12-25 12:08", ("2025-12-25T04:08:00Z", "minute")),
        ("11-22 14:05", ("2026-11-22T06:05:00Z", "minute")),  # the site's clock is a little ahead
        ("11-22 15:00", ("2025-11-22T07:00:00Z", "minute")),
        ("06月17日 18:12", ("2026-06-17T10:12:00Z", "minute")),
        ("September 23", ("2026-09-22T16:00:00Z", "day")),
        ("December 24", ("2025-12-23T16:00:00Z", "day")),
        ("Sept. 3", ("2026-09-02T16:00:00Z", "day")),
        ("7-6", ("2026-07-05T16:00:00Z", "day")),
        ("02-29", ("2024-02-28T16:00:00Z", "day")),
        ("11:24", ("2026-11-22T03:24:00Z", "minute")),
        ("23:50", ("2026-11-21T15:50:00Z", "minute")),
        # relative
        ("刚刚", ("2026-11-22T06:00:00Z", "minute")),
        ("30秒前", ("2026-11-22T05:59:30Z", "second")),
        ("5分钟前", ("2026-11-22T05:55:00Z", "minute")),
        ("1 小时 43 分钟前", ("2026-11-22T04:17:00Z", "minute")),
        ("半小时前", ("2026-11-22T05:30:00Z", "minute")),
        ("2小时前", ("2026-11-22T04:00:00Z", "hour")),
        ("3 小时前", ("2026-11-22T03:00:00Z", "hour")),
        ("今天 08:15", ("2026-11-22T00:15:00Z", "minute")),
        ("昨天", ("2026-11-20T16:00:00Z", "day")),
        ("昨天 12:30", ("2026-11-21T04:30:00Z", "minute")),
        ("昨天12:30", ("2026-11-21T04:30:00Z", "minute")),
        ("前天 21:14", ("2026-11-20T13:14:00Z", "minute")),
        ("3天前", ("2026-11-18T16:00:00Z", "day")),
        ("三天前", ("2026-11-18T16:00:00Z", "day")),
        ("两天前", ("2026-11-19T16:00:00Z", "day")),
        ("十二天前", ("2026-11-09T16:00:00Z", "day")),
        ("周三", ("2026-11-17T16:00:00Z", "day")),
        ("1周前", ("2026-10-31T16:00:00Z", "month")),
        ("3个月前", ("2026-07-31T16:00:00Z", "month")),
        ("一个月前", ("2026-09-30T16:00:00Z", "month")),
        ("1年前", ("2024-12-31T16:00:00Z", "year")),
        ("1 week ago", ("2026-10-31T16:00:00Z", "month")),
        ("yesterday", ("2026-11-20T16:00:00Z", "day")),
        ("昨日 12:30", ("2026-11-21T04:30:00Z", "minute")),
        ("3天之前", ("2026-11-18T16:00:00Z", "day")),
        ("12小时前发布", ("2026-11-21T18:00:00Z", "hour")),
        ("• 1 分钟前 • 最后回复来自", ("2026-11-22T05:59:00Z", "minute")),
        ("10小时前 -", ("2026-11-21T20:00:00Z", "hour")),
        ("(10 hours ago)", ("2026-11-21T20:00:00Z", "hour")),
        ("6 maanden geleden", ("2026-04-30T16:00:00Z", "month")),
        # with other words around
        ("2017年09月入住", ("2017-08-31T16:00:00Z", "month")),
        ("2025-11-23 于黑猫投诉平台发起", ("2025-11-22T16:00:00Z", "day")),
        ("2020-06-05 11:12:14 网页", ("2020-06-05T03:12:14Z", "second")),
        ("2019年06月15日08:18  来源：", ("2019-06-15T00:18:00Z", "minute")),
        ("03.03.2016,", ("2016-03-02T16:00:00Z", "day")),
        # not understood
        ("", None),
        (None, None),
        ("-", None),
        ("2024-13-45", None),
        ("0001-01-01", None),  # before the first year of UTC
        ("2024-08-06 25:70", None),
        ("2014", None),
        ("Gestern, 13:41 Uhr", None),
        ("10:00 pm", None),
        ("中秋", None),
        ("农历八月十五", None),
        ("除夕 20:00", None),
        ("八月十五", None),
        ("2019年，", None),
        ("PT2H30M", None),
        ("5 minutes", None),
        ("晚上12:30", None),
        ("12天后追评", None),  # after the first review, whenever that was
        ("明天", None),
        ("好用", None),
    ],
)
def test_moment(text: str | None, expected: tuple[str, str] | None) -> None:
    assert moment(text, CAPTURED) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IP属地:江苏", "江苏"),
        ("IP 属地：美国", "美国"),
        ("IP归属地：列支敦士登", "列支敦士登"),
        ("IP属地：中国香港", "中国香港"),
        ("来自江苏", "江苏"),
        ("来自来自河南", "河南"),
        ("发布于 广东", "广东"),
        ("浙江 宁波", "浙江"),
        ("广东省广州市", "广东省"),
        ("北京市", "北京市"),
        ("内蒙古自治区", "内蒙古自治区"),
        ("海外", "海外"),
        ("来自绿洲APP", None),
        ("来自 iPhone客户端", None),
        ("来自360安全浏览器", None),
        ("发布于 2018-01-17", None),
        ("IP属地：未知", None),
        ("IP属地", None),
        ("杭州", None),
        ("江苏卫视", None),
        ("San Francisco, CA", None),
        ("", None),
        (None, None),
    ],
)
def test_region(text: str | None, expected: str | None) -> None:
    assert region(text) == expected


def test_moment_reads_day_names_in_beijing_time_whatever_the_zone_of_the_capture_time() -> None:
    just_after_midnight = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # 00:30 on the 23rd in Beijing
    in_new_york = just_after_midnight.astimezone(timezone(timedelta(hours=-5)))
    assert moment("昨天", just_after_midnight) == ("2026-11-21T16:00:00Z", "day")
    assert moment("昨天", in_new_york) == moment("昨天", just_after_midnight)


def test_moment_of_a_year_end() -> None:
    new_year = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
    assert moment("12-31 23:59", new_year) == ("2025-12-31T15:59:00Z", "minute")
    assert moment("1-1", new_year) == ("2025-12-31T16:00:00Z", "day")


@pytest.mark.parametrize(
    "piece", ["1", "1,111", "千", "三", " ", "-", "1 ", "2024年", "★", "1.1", "超过", "昨天"]
)
def test_endless_text_is_no_value_and_takes_no_time(piece: str) -> None:
    endless = piece * 100_000
    assert [number(endless), money(endless), rating(endless, "5"), moment(endless, CAPTURED)] == [None] * 4
    assert region(endless) is None
    long = (piece * 200)[:200].strip()
    for _ in range(50):
        number(long), money(long), rating(long, "5"), moment(long, CAPTURED), region(long)
