"""Turning a template and facts into text: Liquid, strict and limited, escaped for its channel.

Only plain strings, numbers, lists and dicts go in, so a template cannot reach anything else; a value is never
parsed as a template. It reads no database and knows no order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import nh3
from django.utils.translation import gettext as _
from liquid import Environment, RenderContext, StrictUndefined
from liquid.ast import Node
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Blank, Empty, RangeLiteral, StringLiteral
from liquid.exceptions import LiquidError, LiquidSyntaxError, ResourceLimitError, UndefinedError
from liquid.expression import Expression

from notifications.errors import TemplateError
from notifications.vocabulary import KNOWN, sample, sparse_sample, with_aliases

LONGEST_SOURCE = 10_000
ALLOWED_TAGS = frozenset(
    (
        "content",
        "output",
        "illegal",
        "#",
        "if",
        "unless",
        "case",
        "for",
        "break",
        "continue",
        "assign",
        "capture",
        "comment",
    )
)
# No filter that builds lists, parses, multiplies or unescapes: each of those escapes a limit or the escaping.
ALLOWED_FILTERS = frozenset(
    (
        "append",
        "capitalize",
        "default",
        "downcase",
        "first",
        "last",
        "prepend",
        "size",
        "slice",
        "strip",
        "truncate",
        "upcase",
        "url_encode",
    )
)
# What an admin may write inside an e-mail's paragraphs; everything else is shown as it was typed.
MARKUP = {"a", "b", "br", "em", "i", "strong", "u"}
_MARKUP_TAG = re.compile(r"</?(?:a|b|br|em|i|strong|u)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LINK = re.compile(r"<a\s[^<>]*?href\s*=\s*[\"']([^\"'<>]+)[\"'][^<>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_LINE_ENDS = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")


class _Environment(Environment):
    """Liquid with room for a message and no more."""

    context_depth_limit = 8
    block_nesting_limit = 12
    loop_iteration_limit = 5_000
    local_namespace_limit = 20_000
    output_stream_limit = 60_000


def render_text(source: str, facts: Mapping[str, Any]) -> str:
    """The template as plain text. Raises `TemplateError` where it cannot be rendered."""
    return _CONTROLS.sub("", _render(_without_markup(source), facts, autoescape=False))


def render_line(source: str, facts: Mapping[str, Any]) -> str:
    """The template as one line that is safe as a header: no line end survives, whatever the values hold."""
    text = _CONTROLS.sub("", _LINE_ENDS.sub(" ", _render(source, facts, autoescape=False)))
    return " ".join(text.split())


def render_paragraphs(source: str, facts: Mapping[str, Any]) -> list[str]:
    """The template as safe HTML, one string a paragraph: values escaped, markup of `MARKUP` kept."""
    html = _render(_marked(source), facts, autoescape=True)
    clean = nh3.clean(
        html, tags=MARKUP, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto", "tel"}
    )
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", _CONTROLS.sub("", clean)))
    return [paragraph.replace("\n", "<br>") for paragraph in paragraphs if paragraph]


def check_subject(source: str) -> None:
    """Raise `TemplateError` unless this can be a subject."""
    check_body(source)
    if _LINE_ENDS.search(source):
        raise TemplateError([_("A subject is one line.")])


def check_body(source: str) -> None:
    """Raise `TemplateError` naming what is wrong and on which line: syntax, tags, filters, names, fields of loops.

    Static analysis does not see a wrong field of a loop's variable, so the text is also rendered, once with
    everything there and once with nothing.
    """
    if len(source) > LONGEST_SOURCE:
        raise TemplateError([_("The text is longer than %(limit)d characters.") % {"limit": LONGEST_SOURCE}])
    problems = list(_static_problems(source))
    if problems:
        raise TemplateError(problems)
    for facts in (sample(), sparse_sample()):
        render_text(source, facts)
        render_paragraphs(source, facts)


def _static_problems(source: str) -> Iterator[str]:
    analysis = _parse(source, autoescape=False).analyze()
    for name, spans in analysis.filters.items():
        if name not in ALLOWED_FILTERS:
            yield _("Line %(line)d: the filter “%(name)s” does not exist here.") % {
                "line": _line(source, spans[0].index),
                "name": name,
            }
    for name, spans in analysis.tags.items():
        if name not in ALLOWED_TAGS:
            yield _("Line %(line)d: the tag “%(name)s” does not exist here.") % {
                "line": _line(source, spans[0].index),
                "name": name,
            }
    for name, places in analysis.globals.items():
        if name not in KNOWN:
            yield _("Line %(line)d: the name “%(name)s” is not known.") % {
                "line": _line(source, places[0].span.index),
                "name": name,
            }


def _render(source: str, facts: Mapping[str, Any], *, autoescape: bool) -> str:
    template = _parse(source, autoescape=autoescape)
    try:
        return template.render(with_aliases(facts))
    except LiquidError as error:
        raise TemplateError([_sentence(error, source)]) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(
            [_("The text cannot be worked out: %(problem)s.") % {"problem": error}]
        ) from error


def _parse(source: str, *, autoescape: bool) -> Any:
    try:
        template = environment(autoescape=autoescape).from_string(source)
    except LiquidError as error:
        raise TemplateError([_sentence(error, source)]) from error
    context = RenderContext(template)
    for expression in (part for node in template.nodes for part in _expressions(node, context)):
        problem = _problem_of(expression)
        if problem:
            line = _line(source, expression.token.start_index)
            raise TemplateError([_("Line %(line)d: %(text)s.") % {"line": line, "text": problem}])
    return template


def _problem_of(expression: Expression) -> str:
    # A range is counted out in full by a reversed loop or a slice, past every limit.
    if isinstance(expression, RangeLiteral):
        return _("ranges of numbers do not exist here")
    # What is empty goes in as nothing, and nothing is not equal to an empty text.
    if isinstance(expression, EqExpression | NeExpression) and any(map(_is_emptiness, expression.children())):
        return _("do not compare with an empty text; write “if” and the name alone")
    return ""


def _is_emptiness(expression: Expression) -> bool:
    return isinstance(expression, Blank | Empty) or (
        isinstance(expression, StringLiteral) and not expression.value
    )


def _expressions(node: Node, context: RenderContext) -> Iterator[Expression]:
    for expression in node.expressions():
        yield from _with_children(expression)
    for child in node.children(context, include_partials=False):
        yield from _expressions(child, context)


def _with_children(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _with_children(child)


@lru_cache(maxsize=2)
def environment(*, autoescape: bool) -> Environment:
    """The Liquid environment of messages, with what is allowed and nothing else."""
    made = _Environment(undefined=StrictUndefined, autoescape=autoescape, strict_filters=True)
    made.tags = {name: tag for name, tag in made.tags.items() if name in ALLOWED_TAGS}
    made.filters = {name: function for name, function in made.filters.items() if name in ALLOWED_FILTERS}
    return made


def _sentence(error: LiquidError, source: str) -> str:
    place = _place(error) or (_line(source, len(source)) if isinstance(error, LiquidSyntaxError) else None)
    if isinstance(error, ResourceLimitError):
        text = _("The text does too much: too many repetitions or too long a result")
    elif isinstance(error, UndefinedError):
        text = _("not known: %(problem)s") % {"problem": error.message}
    elif isinstance(error, LiquidSyntaxError):
        text = _("not understood: %(problem)s") % {"problem": error.message}
    else:
        text = str(error.message)
    return _("Line %(line)d: %(text)s.") % {"line": place, "text": text} if place else f"{text}."


def _place(error: LiquidError) -> int | None:
    try:
        context = error.context()
    except ValueError:  # a tag left open is reported just behind the last line
        return None
    return context[0] if context else None


def _line(source: str, index: int) -> int:
    return source.count("\n", 0, max(index, 0)) + 1


def _without_markup(source: str) -> str:
    """The source for the plain part: links become "text (address)", other markup goes. Values are not there yet."""
    return _MARKUP_TAG.sub("", _LINK.sub(r"\2 (\1)", source))


def _marked(source: str) -> str:
    return source.replace("\r\n", "\n")
