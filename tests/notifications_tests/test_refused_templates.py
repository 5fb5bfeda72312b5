"""Texts that must never run: they are refused when saved, by line and name, or stopped while they are written.

Bounds are asserted by the limit that raises and by what was spent until then, never by a clock.
"""

import tracemalloc
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from notifications.errors import TemplateError
from notifications.models import MessageTemplate
from notifications.rendering import (
    check_body,
    left_blank,
    render_line,
    render_paragraphs,
    render_text,
)
from notifications.vocabulary import nearest_name, sample
from tests.factories import make_shop

MEGABYTE = 1_000_000
TOO_MUCH = "does too much"


def an_order_of(lines: int) -> dict[str, Any]:
    return sample() | {"lines": sample()["lines"][:1] * lines}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{x.__class__}}", "Line 1: the name “x” is not known."),
        ("{{number.__class__.__mro__}}", "Line 1: the name “number.__class__” is not known."),
        ("Hello\n{{ lines.first.__globals__ }}", "Line 2: the name “lines.first.__globals__” is not known."),
        ("{% for l in lines %}{{ l.__class__ }}{% endfor %}", "Line 1: the name “l.__class__” is not known."),
        ("{% load static %}", "Line 1: the tag “load” does not exist here."),
        ("\n{% include 'email.html' %}", "Line 2: the tag “include” does not exist here."),
        ("{% render 'email.html' %}", "Line 1: the tag “render” does not exist here."),
        ("{% extends 'x' %}", "Line 1: the tag “extends” does not exist here."),
        ("{% cycle 'a', 'b' %}", "Line 1: the tag “cycle” does not exist here."),
        ("{% tablerow l in lines %}{% endtablerow %}", "Line 1: the tag “tablerow” does not exist here."),
        ("{{ name | date: '%Y' }}", "Line 1: the filter “date” does not exist here."),
        ("{{ name | times: 9 }}", "Line 1: the filter “times” does not exist here."),
        ("{{ secret }}", "Line 1: the name “secret” is not known."),
        ("a\nb {{fistname}}", "Line 2: the name “fistname” is not known. Did you mean “firstname”?"),
        ("{{ tracking_URL }}", "Line 1: the name “tracking_URL” is not known. Did you mean “tracking_url”?"),
        ("{{ qq_q }}\n{{ qq_q }}", "Line 2: the name “qq_q” is not known."),
        (
            "{% for p in products %}\n{{ p.quantty }}{% endfor %}",
            "Line 2: the name “p.quantty” is not known. Did you mean “p.quantity”?",
        ),
    ],
)
def test_it_refuses_by_line_and_name(source: str, said: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        check_body(source)

    assert said in refusal.value.sentences


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["subject", "body"])
def test_a_refused_text_is_refused_by_every_form(field: str) -> None:
    template = MessageTemplate.objects.filter(shop=make_shop(), channel="email").first()
    assert template is not None
    setattr(template, field, "{{x.__class__}}")

    with pytest.raises(ValidationError) as refusal:
        template.full_clean()

    assert refusal.value.message_dict == {field: ["Line 1: the name “x” is not known."]}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% for i in (1..100000000) %}x{% endfor %}", "ranges of numbers do not exist here"),
        ("{% assign r = (1..100000000) %}", "ranges of numbers do not exist here"),
        ("{% for l in lines limit: (1..9) %}{% endfor %}", "Line 1"),
        ("{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40, TOO_MUCH),
        ("{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | prepend: x %}" * 40, TOO_MUCH),
        ("{% capture x %}aaaaaaaaaa{% endcapture %}" + "{% capture x %}{{x}}{{x}}{% endcapture %}" * 40, TOO_MUCH),
        ("{{ '" + "x" * 5_000 + "' }}" + "{% assign y = name %}" * 200 + "z" * 5_000, "longer than"),
        ("{% if name %}" * 13 + "{% endif %}" * 13, TOO_MUCH),
        ("{% for l in lines %}" * 12 + "{{fees}}" * 600 + "{% endfor %}" * 12, TOO_MUCH),
    ],
)  # fmt: skip
def test_what_would_burn_time_or_memory_is_refused_when_saved(source: str, said: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TemplateError) as refusal:
            check_body(source)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert said in str(refusal.value)
    assert peak < 20 * MEGABYTE


@pytest.mark.parametrize(
    "source",
    [
        # Loops side by side, each within Liquid's own limit, which looks at one nest at a time.
        "{% for l in lines %}{{ due }}{{ fees }}{% endfor %}" * 180,
        "{% for l in lines %}{% for m in lines %}{{ fees }}{% endfor %}{% endfor %}",
        "{% for l in lines %}{% assign x = x | append: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}{% endfor %}",
        "{% for l in lines %}" + "a long text that says nothing " * 20 + "{% endfor %}",
    ],
)
def test_a_text_that_fits_the_example_is_stopped_on_an_order_it_does_not_fit(source: str) -> None:
    source = "{% assign x = 'a' %}" + source
    check_body(source)

    for write in (render_text, render_line, render_paragraphs, left_blank):
        with pytest.raises(TemplateError, match=TOO_MUCH):
            write(source, an_order_of(600))


def test_the_rounds_of_all_loops_count_together() -> None:
    facts = an_order_of(600) | {"fees": ""}
    loop = "{% for l in lines %}{{ fees }}{% endfor %}"

    assert render_text(loop, facts) == ""
    with pytest.raises(TemplateError, match=TOO_MUCH):
        render_text(loop * 200, facts)


def test_a_long_order_fits_an_ordinary_text() -> None:
    source = (
        "Hello{% if firstname %} {{firstname}}{% endif %},\n\n"
        + "{% for l in lines %}{{ l.quantity }} x {{ l.name }} {{ l.sku }}: {{ l.total }}\n{% endfor %}" * 2
    )

    assert render_text(source, an_order_of(500)).count("Ceramic mug") == 1000


@pytest.mark.parametrize(
    "hostile",
    [
        "{{secret}}",
        "{% include 'x' %}",
        "{{ name | append: name }}",
        "<img src=x onerror=alert(1)>",
        "=cmd()",
    ],
)
def test_what_a_customer_wrote_is_text_and_never_a_template(hostile: str) -> None:
    facts = sample() | {"firstname": hostile}

    assert render_text("Hello {{firstname}}", facts) == f"Hello {hostile}"
    assert render_line("Hello {{firstname}}", facts) == f"Hello {hostile}"
    html = render_paragraphs("Hello {{firstname}}", facts)[0]
    assert "<img" not in html
    assert html.startswith("Hello ")


def test_what_is_said_without_having_anything_to_say_is_named_with_its_line() -> None:
    facts = sample() | {"trackingUrl": "", "due": "", "carrier": ""}
    source = (
        "{{ firstname }}\n{{ trackingUrl }} {{ tracking_url }}\n{% if due %}{{ due }}{% endif %}"
        "{{ carrier | default: 'the courier' }}"
    )

    assert left_blank(source, facts) == {"trackingUrl": 2, "tracking_url": 2}


def test_a_field_of_one_product_that_is_empty_is_named_once() -> None:
    facts = sample() | {"lines": [{**sample()["lines"][0], "sku": ""}] * 2}

    assert left_blank("{% for l in lines %}\n{{ l.sku }}{% endfor %}", facts) == {"l.sku": 2}


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("fistname", "firstname"), ("FIRSTNAME", "firstname"), ("trackingurl", "tracking_url"), ("zzz", "")],
)
def test_the_nearest_name_is_offered(wrong: str, meant: str) -> None:
    assert nearest_name(wrong) == meant
