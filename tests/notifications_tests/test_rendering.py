"""The template language: strict about names, limited in what it may do, deaf to what values contain."""

import time
import tracemalloc
from html.parser import HTMLParser

import pytest

from notifications.errors import TemplateError
from notifications.rendering import (
    ALLOWED_FILTERS,
    ALLOWED_TAGS,
    check_body,
    check_subject,
    environment,
    render_line,
    render_paragraphs,
    render_text,
)
from notifications.vocabulary import ALIASES, KNOWN, sample, sparse_sample, with_aliases


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{x.__class__}}", "Line 1: the name “x” is not known."),
        ("{{name.__class__}}", "Line 1: the name “name.__class__” is not known."),
        ("{{name.__init__.__globals__}}", "Line 1"),
        ("{{ name.upper }}", "Line 1"),
        ("{{ name['x'] }}", "Line 1"),
        ("{% include 'secrets' %}", "Line 1: the tag “include” does not exist here."),
        ("{% render 'secrets' %}", "the tag “render” does not exist here"),
        ("{% load static %}", "the tag “load” does not exist here"),
        ("{% liquid\necho name %}", "the tag “liquid” does not exist here"),
        ("one\ntwo\n{{ nobody }}", "Line 3: the name “nobody” is not known."),
        ("{% if due %}\n{{ nobody }}{% endif %}", "Line 2: the name “nobody” is not known."),
        (
            "{% for l in lines %}\n{{ l.naam }}{% endfor %}",
            "Line 2: the name “l.naam” is not known. Did you mean “l.name”?",
        ),
        ("{% unless due %}\n{{ lines[0].naam }}{% endunless %}", "Line 2"),
        ("{{ name | replace: 'a', 'b' }}", "Line 1: the filter “replace” does not exist here."),
        ("{{ name | safe }}", "the filter “safe” does not exist here"),
        ("\n{{ name | nonsense }}", "Line 2: the filter “nonsense” does not exist here."),
        ("{{ name", "Line 1"),
        ("a\n{% if name %}", "Line 2: “endif” is missing"),
        ("{{ lines[7].name }}", "Line 1"),
        ("a\n{% if due != '' %}b{% endif %}", "Line 2: do not compare with an empty text"),
        ("{% if due == blank %}b{% endif %}", "Line 1: do not compare with an empty text"),
        ("{% if name and due != empty %}b{% endif %}", "Line 1: do not compare with an empty text"),
    ],
)
def test_it_refuses_what_it_does_not_know_and_says_where(source: str, said: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        check_body(source)

    assert said in str(refusal.value)


LOOPS_IN_LOOPS = "{% for a in lines %}" * 12 + "x" + "{% endfor %}" * 12


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% assign a = (1..100000000) %}{% for i in a reversed %}x{% endfor %}",
        "{{ (1..1000000000) | slice: 0, 100000000 }}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40,
        "{% capture x %}aaaaaaaaaa{% endcapture %}" + "{% capture x %}{{x}}{{x}}{% endcapture %}" * 40,
        "{% assign x = 'aaaaaaaaaa' %}{% for l in lines %}"
        + "{% assign x = x | append: x %}" * 40
        + "{% endfor %}",
        "x" * 10_001,
    ],
)
def test_it_stops_what_would_burn_time_or_memory(source: str) -> None:
    tracemalloc.start()
    started = time.monotonic()

    with pytest.raises(TemplateError):
        check_body(source)

    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - started < 2
    assert peak < 20_000_000


def test_loops_within_loops_are_counted_together() -> None:
    facts = sample() | {"lines": sample()["lines"] * 50}

    with pytest.raises(TemplateError, match="too much"):
        render_text(LOOPS_IN_LOOPS, facts)


def test_the_environment_holds_the_allowed_tags_and_filters_and_no_other() -> None:
    for autoescape in (False, True):
        made = environment(autoescape=autoescape)

        assert set(made.tags) == ALLOWED_TAGS
        assert set(made.filters) == ALLOWED_FILTERS
    assert ALLOWED_FILTERS.isdisjoint({"replace", "safe", "split", "times", "date", "join", "map", "concat"})


def test_every_name_and_every_alias_is_always_there() -> None:
    everything = "".join(f"[{{{{ {name} }}}}]" for name in sorted(KNOWN))

    check_body(everything)

    for facts in ({}, sample(), sparse_sample()):
        assert set(with_aliases(facts)) == KNOWN
    assert {"tracking_url", "first_name", "awb"} <= set(ALIASES)


def test_an_empty_value_is_not_there_for_a_condition() -> None:
    source = "{% if due %}{{ due }}{% else %}nothing{% endif %}|{{ due }}|{{ due | default: 'paid' }}"

    assert render_text(source, sample() | {"due": "10 lei"}) == "10 lei|10 lei|10 lei"
    assert render_text(source, sample() | {"due": ""}) == "nothing||paid"


@pytest.mark.parametrize("name", sorted(ALLOWED_FILTERS))
def test_every_filter_takes_an_empty_value(name: str) -> None:
    argument = {
        "append": ": 'x'",
        "prepend": ": 'x'",
        "slice": ": 0, 2",
        "truncate": ": 3",
        "default": ": 'x'",
    }

    check_body("{{ due | " + name + argument.get(name, "") + " }}")


def test_names_of_other_platforms_mean_the_same() -> None:
    text = render_text("{{first_name}} {{order_number}} {{shipping_date}} {{awb}}", sample())

    assert text == "Maria RO-1001 21 Nov 2026 2030405060"


class _Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {name for name, _value in attrs}


def parsed_attributes(html: str) -> set[str]:
    parser = _Attributes()
    parser.feed(html)
    return parser.names


HOSTILE = "<img src=x onerror=alert(1)> {{ secret }} {% include 'x' %} \" ' &"


def test_a_value_is_never_read_as_a_template() -> None:
    assert render_text("{{ name }}", sample() | {"name": HOSTILE}) == HOSTILE


def test_values_are_escaped_in_html_and_markup_of_the_text_is_kept() -> None:
    (paragraph,) = render_paragraphs("<b>{{ name }}</b>", sample() | {"name": HOSTILE})

    assert paragraph.startswith("<b>&lt;img src=x onerror=alert(1)&gt; {{ secret }}")
    assert "<img" not in paragraph


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<script>alert(1)</script>a", "a"),
        ("<a href='javascript:alert(1)'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<b onclick='x()'>a</b>", "<b>a</b>"),
        (
            "<a href='{{ trackingUrl }}'>a</a>",
            '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer">a</a>',
        ),
        ("<iframe src='https://x.example'></iframe>a", "a"),
    ],
)
def test_a_texts_own_markup_is_harmless(source: str, kept: str) -> None:
    facts = sample() | {"trackingUrl": "https://x.example/?a=1&b=2"}

    assert render_paragraphs(source, facts) == [kept]


def test_an_address_in_a_value_cannot_leave_its_attribute() -> None:
    facts = sample() | {"trackingUrl": "https://x.example/' onmouseover='alert(1)"}

    (paragraph,) = render_paragraphs("<a href='{{ trackingUrl }}'>a</a>", facts)

    assert parsed_attributes(paragraph) == {"href", "rel"}


def test_empty_lines_make_paragraphs() -> None:
    assert render_paragraphs("one\r\ntwo\r\n\r\n\r\nthree", sample()) == ["one<br>two", "three"]


def test_the_plain_part_has_addresses_instead_of_links() -> None:
    text = render_text(
        'See <a href="{{ trackingUrl }}">the <b>page</b></a>!', sample() | {"trackingUrl": "https://x/"}
    )

    assert text == "See the page (https://x/)!"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
def test_a_subject_stays_one_line_whatever_the_values_hold(end: str) -> None:
    line = render_line("Order {{ name }}", sample() | {"name": f"Ana{end}Bcc: spy@example.com"})

    assert line == "Order Ana Bcc: spy@example.com"


def test_a_subject_of_two_lines_is_refused() -> None:
    with pytest.raises(TemplateError):
        check_subject("one\ntwo")
