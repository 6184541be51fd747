"""The Word forms: 起诉状, 举报书, 12315, 线索函, 证据保全 … The user's own files take their places."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import docx
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from crawler import clock
from crawler.errors import UsageError
from crawler.export.papers.context import Json, context
from crawler.export.papers.facts import CaseFacts
from crawler.export.papers.make_templates import FOLDER, forms
from crawler.export.papers.paper import Make, Paper
from crawler.export.word import NOT_XML, dated


class Forms(Paper):
    """Every form of forms.toml; a form whose condition is empty in the case is left out."""

    name = "forms"
    title = "起诉状、举报书、12315 要素、线索函等可编辑文书"
    order = 30

    def titled(self, name: str) -> str:
        """The form's own title; the file's name for one that only the user has."""
        return next((form["title"] for form in forms() if f"{form['name']}.docx" == name), name)

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """NAME.docx of each form. Raises UsageError for a template of the user's that cannot be filled in."""
        said = _clean(context(facts))
        for form in forms():
            own = facts.templates / f"{form['name']}.docx"
            path = own if own.is_file() else FOLDER / own.name
            if said.get(form.get("only_if", "案件")):
                yield path.name, partial(_filled, path, said, facts.until)
        for own in sorted(facts.templates.glob("*.docx")):  # forms that only the user has
            if own.stem not in {form["name"] for form in forms()} and own.stem.isascii():
                yield own.name, partial(_filled, own, said, facts.until)


def _filled(path: Path, said: Json, until: str) -> bytes:
    # The user's own file may have been sent to them by anybody: no attribute of Python's is reached from it.
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    try:
        template = DocxTemplate(path)
        template.render(said, jinja_env=environment)
        written = io.BytesIO()
        template.save(written)
    except (TemplateError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"template {path} cannot be filled in: {error}; its names are in docs/papers.md"
        ) from error
    document = docx.Document(io.BytesIO(written.getvalue()))
    properties = document.core_properties
    properties.created = properties.modified = clock.parse(until).replace(tzinfo=None, microsecond=0)
    return dated(document, until)


def _clean(value: Json) -> Json:
    """Without characters that XML cannot hold: they stand on pages."""
    found: Json = _cleaned(value)
    return found


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return NOT_XML.sub("", value)
    if isinstance(value, dict):
        return {name: _cleaned(each) for name, each in value.items()}
    return [_cleaned(each) for each in value] if isinstance(value, list) else value
