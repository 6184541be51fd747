"""取证报告: fourteen sections, mapped to the factors of 证据规定 art. 93, as PDF/A-3.

What could not be done stands in it as plainly as what was done (section 11). The mapping is a proposal.
"""

from collections.abc import Iterator
from functools import partial
from html import escape

from crawler.export.papers.facts import CaseFacts
from crawler.export.papers.html import heading, paragraph, signed, table
from crawler.export.papers.paper import Make, Paper
from crawler.export.papers.pdf import pdf
from crawler.export.papers.report_course import access, environment, pictures, steps, time_and_place, tools
from crawler.export.papers.report_result import (
    custody_chain,
    integrity,
    limits,
    privacy,
    reproduction,
    results,
)
from crawler.export.papers.runs import Run, runs_of
from crawler.store.casefile import ROLES

FACTORS = (
    ("（一）环境完整可靠", "第三、四、五节"),
    ("（二）运行正常", "第五、十一节"),
    ("（三）防止出错的监测、核查手段", "第五、九节"),
    ("（四）保存、传输、提取的主体和方法可靠", "第七、八、九、十二、十三节"),
    ("（五）在正常的往来活动中形成和存储", "第六节"),
    ("（六）保存、传输、提取的主体适当", "第二、六、十三节"),
    ("（七）其他因素", "第十、十一节"),
)
_STYLE = (
    ".shot { break-inside: avoid; margin: 3mm 0; } .shot img { border: .5pt solid #888; max-height: 110mm; }"
)


class Report(Paper):
    """The report of who captured what, when, with what, and how anybody can check it."""

    name = "report"
    title = "取证报告"
    order = 20
    signed = ("report.pdf",)

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """report.pdf."""
        yield "report.pdf", partial(self._printed, facts)

    def _printed(self, facts: CaseFacts) -> bytes:
        runs, shots = runs_of(facts), dict(pictures(facts))
        sections = [
            _purpose(facts), _people(facts, runs), time_and_place(runs), tools(runs), environment(runs),
            access(runs), steps(facts, shots), results(facts), integrity(facts), privacy(),
            limits(facts, runs), reproduction(runs), custody_chain(facts), _signatures(),
        ]  # fmt: skip
        body = f"<h1>取证报告</h1>{''.join(sections)}{_factors()}"
        author = facts.config.organisation
        return pdf(self.title, body, author=author, until=facts.until, style=_STYLE, pictures=shots)


def _purpose(facts: CaseFacts) -> str:
    case = facts.case
    rows = [
        ("案件", f"{case.title}（本方编号 {case.id}）"), ("案由", case.cause), ("委托、提交人", case.submitter),
        ("受理机关", case.authority or "＿＿＿＿"), *((ROLES[one.role], one.name) for one in case.parties),
    ]  # fmt: skip
    note = "本报告记载网页的采集和固定过程。所涉行为仅为涉嫌，是否成立由有权机关判断。"
    return heading("一", "委托与目的") + table(("项目", "内容"), rows, (20, 80)) + paragraph(note)


def _people(facts: CaseFacts, runs: list[Run]) -> str:
    operators = "、".join(dict.fromkeys([facts.config.operator, *(run.by for run in runs if run.by)]))
    rows = [
        ("取证人", operators),
        ("所属组织", facts.config.organisation),
        ("审核人", "＿＿＿＿"),
        ("见证人", "＿＿＿＿"),
    ]
    declaration = "取证人声明：与本案各方当事人　□无　□有　利害关系；有的，说明：＿＿＿＿＿＿＿＿"
    return (
        heading("二", "取证人、审核人、见证人")
        + table(("身份", "姓名"), rows, (20, 80))
        + paragraph(declaration)
    )


def _signatures() -> str:
    return heading("十四", "签名") + signed("取证人", "审核人", "见证人")


def _factors() -> str:
    rule = "对照《最高人民法院关于民事诉讼证据的若干规定》（法释〔2019〕19号）第九十三条"
    note = paragraph("对应关系为编制人的建议，供参考。", "note")
    return f"<h2>附　{escape(rule)}</h2>{note}" + table(("考量因素", "本报告"), FACTORS, (60, 40))
