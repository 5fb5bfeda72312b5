"""Turning a template and facts into text: Liquid, strict and limited, escaped for its channel.

Only plain strings, numbers, lists and dicts go in, so a template cannot reach anything else; a value is never
parsed as a template. It reads no database and knows no order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TextIO, cast

import nh3
from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, RenderContext, StrictUndefined
from liquid.ast import Node
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.path import Path
from liquid.builtin.expressions.primitive import Blank, Empty, RangeLiteral, StringLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.exceptions import (
    LiquidError,
    LiquidSyntaxError,
    LoopIterationLimitError,
    ResourceLimitError,
    UndefinedError,
)
from liquid.expression import Expression
from liquid.output import LimitedStringIO

from notifications.errors import TemplateError
from notifications.vocabulary import (
    KNOWN,
    LOOPED,
    nearest_field,
    nearest_name,
    sample,
    sparse_sample,
    with_aliases,
)

LONGEST_SOURCE = 10_000
# What all loops of a text may cost together: every round counts as many steps as the text has parts. A long e-mail
# on an order of five hundred lines takes some 30,000; a text that keeps a worker busy for a second, many more.
MOST_STEPS = 200_000
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
_UNDEFINED = re.compile(r"(\S+) is undefined")
_UNEXPECTED_TAG = re.compile(r"unexpected tag '(.*)'")
_MISSING_END = re.compile(r"expected tag (\w+), found end of expression")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")


class _Context(RenderContext):
    """Counts the rounds of all loops together, and notes what came out empty.

    Liquid's own limit looks at each nest of loops by itself.
    """

    steps = 0
    weight = 1

    def __init__(self, *arguments: Any, **kwargs: Any) -> None:
        super().__init__(*arguments, **kwargs)
        self.blanks: list[OutputNode] = []

    def raise_for_loop_limit(self, length: int = 1) -> None:
        super().raise_for_loop_limit(length)
        self.steps += length * self.weight
        if self.steps > MOST_STEPS:
            raise LoopIterationLimitError("too many steps", token=None)


class _Template(BoundTemplate):
    context_class = _Context


class _ForNode(ForNode):
    """Tells the context how much one of its rounds has to do."""

    weight = 0

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        if isinstance(context, _Context):
            self.weight = self.weight or _weight(self, context)
            context.weight = self.weight
        return super().render_to_output(context, buffer)


class _For(ForTag):
    node_class = _ForNode


class _OutputNode(OutputNode):
    """Notes in the context when there was nothing to say."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        written = super().render_to_output(context, buffer)
        if not written and isinstance(context, _Context):
            context.blanks.append(self)
        return written


class _Output(Output):
    node_class = _OutputNode


class _Environment(Environment):
    """Liquid with room for a message and no more."""

    template_class = _Template
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
            for line in sorted({_line(source, place.span.index) for place in places}):
                yield _not_known(line, name, nearest_name(name))


def _not_known(line: int | None, name: str, meant: str) -> str:
    text = _("the name “%(name)s” is not known") % {"name": name}
    hint = _("Did you mean “%(name)s”?") % {"name": meant}
    return f"{_at(line, text)} {hint}" if meant else _at(line, text)


def _at(line: int | None, text: str) -> str:
    return _("Line %(line)d: %(text)s.") % {"line": line, "text": text} if line else f"{text}."


def left_blank(source: str, facts: Mapping[str, Any]) -> dict[str, int]:
    """What this text says without having anything to say, each with its first line: `{"trackingUrl": 3}`.

    Found by rendering, so what an “if” keeps out or a default fills is not among them. Raises `TemplateError`.
    """
    template = _parse(source, autoescape=False)
    context = _Context(template, globals=with_aliases(facts))
    with _liquid_errors(source):
        template.render_with_context(context, LimitedStringIO(limit=_Environment.output_stream_limit))
    found: dict[str, int] = {}
    for node in context.blanks:
        for path in filter(_is_path, node.expression.children()):
            found.setdefault(str(path), _line(source, path.token.start_index))
    return found


def _is_path(expression: Expression) -> bool:
    return isinstance(expression, Path)


def _render(source: str, facts: Mapping[str, Any], *, autoescape: bool) -> str:
    template = _parse(source, autoescape=autoescape)
    with _liquid_errors(source):
        return str(template.render(with_aliases(facts)))


@contextmanager
def _liquid_errors(source: str) -> Iterator[None]:
    try:
        yield
    except LiquidError as error:
        raise TemplateError([_sentence(error, source)]) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(
            [_("The text cannot be worked out: %(problem)s.") % {"problem": error}]
        ) from error


@lru_cache(maxsize=512)
def _parse(source: str, *, autoescape: bool) -> _Template:
    """The text, taken apart and looked through; kept, for the same text is written for many orders."""
    try:
        template = cast(_Template, environment(autoescape=autoescape).from_string(source))
    except LiquidError as error:
        raise TemplateError([_sentence(error, source)]) from error
    except RecursionError as error:
        raise TemplateError([_("The text is nested too deeply.")]) from error
    context = RenderContext(template)
    for expression in (part for node in template.nodes for part in _expressions(node, context)):
        problem = _problem_of(expression)
        if problem:
            raise TemplateError([_at(_line(source, expression.token.start_index), problem)])
    return template


def _problem_of(expression: Expression) -> str:
    # A range is counted out in full by a reversed loop or a slice, past every limit.
    if isinstance(expression, RangeLiteral):
        return _("ranges of numbers do not exist here")
    # What is empty goes in as nothing, and nothing is not equal to an empty text.
    if isinstance(expression, EqExpression | NeExpression) and any(map(_is_emptiness, expression.children())):
        return _("do not compare with an empty text; write “if” and the name alone")
    return ""


def _weight(node: Node, context: RenderContext) -> int:
    """How many things there are to do in this part of a text: its tags, words and expressions."""
    expressions = sum(1 for whole in node.expressions() for _part in _with_children(whole))
    return (
        1
        + expressions
        + sum(_weight(child, context) for child in node.children(context, include_partials=False))
    )


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
    made.add_tag(_Output)
    made.add_tag(_For)
    made.filters = {name: function for name, function in made.filters.items() if name in ALLOWED_FILTERS}
    return made


def _sentence(error: LiquidError, source: str) -> str:
    place = _place(error) or (_line(source, len(source)) if isinstance(error, LiquidSyntaxError) else None)
    if isinstance(error, ResourceLimitError):
        text = _("The text does too much: too many repetitions or too long a result")
    elif isinstance(error, UndefinedError):
        return _undefined(error, place)
    elif isinstance(error, LiquidSyntaxError):
        text = _not_understood(error)
    else:
        text = str(error.message)
    return _at(place, text)


def _undefined(error: UndefinedError, line: int | None) -> str:
    """A field nobody knows: of a product in a loop, or of a name that has none."""
    found = _UNDEFINED.fullmatch(str(error.message))
    if found is None:
        return _at(line, _("not known: %(problem)s") % {"problem": error.message})
    owner, _dot, field = found[1].rpartition(".")
    meant = "" if field.startswith("_") or owner in KNOWN - LOOPED else nearest_field(field)
    return _not_known(line, found[1], f"{owner}.{meant}" if meant else "")


def _not_understood(error: LiquidSyntaxError) -> str:
    found = _UNEXPECTED_TAG.fullmatch(str(error.message))
    if found:
        return _("the tag “%(name)s” does not exist here") % {"name": found[1]}
    found = _MISSING_END.match(str(error.message))
    if found:
        return _("“%(name)s” is missing: something was opened and not closed") % {"name": found[1]}
    return _("not understood: %(problem)s") % {"problem": error.message}


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
