"""Message catalogues: found, merged and compiled without gettext's tools; complete and true to their sources."""

import gettext
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from oms.catalogues import (
    APPS,
    LANGUAGES,
    ROOT,
    compile_catalogues,
    disagreeing_placeholders,
    extract_messages,
    read_catalogue,
    unfinished,
    update_catalogues,
)

PYTHON = """
from django.utils.translation import gettext as _, ngettext, pgettext

one = _("Order %(number)s is confirmed.")
two = ngettext("%(count)d parcel", "%(count)d parcels", 3)
three = pgettext("verb", "Return")
"""
TEMPLATE = """
{% load i18n %}
<h1>{% translate "Board" %}</h1>
{% blocktranslate trimmed count counter=parcels %}
  one card
{% plural %}
  {{ counter }} cards
{% endblocktranslate %}
    <ul>
      <li>{% if open %}{% translate "Open" context "state" %}{% endif %}</li>
  <li>{{ name|default:_("nobody") }} (it's "so")</li>
</ul>
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shops").mkdir()
    (tmp_path / "shops" / "views.py").write_text(PYTHON)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "board.html").write_text(TEMPLATE)
    return tmp_path


def polish(project: Path) -> Path:
    return project / "locale" / "pl" / "LC_MESSAGES" / "django.po"


def translate(path: Path, source: str, text: str) -> None:
    path.write_text(
        path.read_text().replace(f'msgid "{source}"\nmsgstr ""', f'msgid "{source}"\nmsgstr "{text}"')
    )


def test_it_finds_messages_in_code_and_templates(project: Path) -> None:
    found = extract_messages(project)

    assert {message.id for message in found if message.id} == {
        "Order %(number)s is confirmed.",
        ("%(count)d parcel", "%(count)d parcels"),
        "Return",
        "Board",
        ("one card", "%(counter)s cards"),
        "Open",
        "nobody",
    }
    assert found.get("Return", "verb") is not None
    assert found.get("Open", "state") is not None


def test_updating_keeps_translations_and_drops_what_is_gone(project: Path) -> None:
    update_catalogues(project)
    translate(polish(project), "Board", "Tablica")
    (project / "shops" / "views.py").write_text("")

    changed = update_catalogues(project)

    catalogue = read_catalogue(polish(project))
    assert polish(project) in changed
    assert catalogue.get("Board").string == "Tablica"
    assert catalogue.get("Return", "verb") is None
    assert "#~" not in polish(project).read_text()


def test_updating_twice_changes_nothing(project: Path) -> None:
    update_catalogues(project)

    assert update_catalogues(project) == []


def test_a_compiled_catalogue_speaks(project: Path) -> None:
    update_catalogues(project)
    translate(polish(project), "Board", "Tablica")

    written = compile_catalogues(project / "locale")

    with polish(project).with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Board") == "Tablica"
    assert len(written) == 3
    assert compile_catalogues(project / "locale") == []


def test_what_is_missing_empty_or_fuzzy_is_unfinished() -> None:
    found, catalogue = Catalog(), Catalog(locale="pl")
    for text in ("missing", "empty", "fuzzy", "done"):
        found.add(text)
    catalogue.add("empty", "")
    catalogue.add("fuzzy", "może", flags=["fuzzy"])
    catalogue.add("done", "gotowe")

    assert unfinished(catalogue, found) == ["missing", "empty", "fuzzy"]


@pytest.mark.parametrize(
    ("source", "text", "agrees"),
    [
        ("Order %(number)s", "Zamówienie %(number)s", True),
        ("Order %(number)s", "Zamówienie %(numer)s", False),
        ("Order %(number)s", "Zamówienie", False),
        ("Order", "Zamówienie %(number)s", False),
        (("one card", "%(n)s cards"), ("jedna karta", "%(n)s karty", "%(n)s kart"), True),
        (("one card", "%(n)s cards"), ("jedna karta", "%(m)s karty", "%(n)s kart"), False),
    ],
)
def test_placeholders_must_agree(source: str, text: str, agrees: bool) -> None:
    catalogue = Catalog(locale="pl")
    catalogue.add(source, text)

    assert (disagreeing_placeholders(catalogue) == []) is agrees


@pytest.mark.translations
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    catalogue = read_catalogue(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")

    assert unfinished(catalogue, extract_messages()) == []


@pytest.mark.translations
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_keeps_its_placeholders(language: str) -> None:
    catalogue = read_catalogue(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")

    assert disagreeing_placeholders(catalogue) == []


def test_gettext_keeps_a_name_that_extraction_knows() -> None:
    renamed = re.compile(r"n?p?gettext(_lazy)? as (?!_\b)|^\w+ = n?p?gettext(_lazy)?$", re.MULTILINE)
    sources = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]

    assert [str(path) for path in sources if renamed.search(path.read_text())] == []
