"""Message catalogues without gettext's tools: strings are found, merged into `.po` and compiled to `.mo` by babel.

Knows folders and files only; importable without Django's settings, because builds and tests compile early.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("ro", "pl", "uk")
APPS = ("shops", "inventory", "orders", "notifications", "crm", "oms")

# Positions of the arguments that hold messages: (singular, plural), and "c" for a context.
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "_": None,
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")


def compile_catalogues(folder: Path) -> list[Path]:
    """Write the `.mo` beside every `.po` that is newer, and answer those written.

    Fuzzy entries are left out, as gettext does. A file appears whole, so processes may do this at the same time.
    """
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        with draft.open("wb") as output:
            write_mo(output, read_catalogue(source))
        draft.replace(target)
        written.append(target)
    return written


def read_catalogue(path: Path) -> Catalog:
    """The catalogue in a `.po` file; its language is the name of the folder it lies in."""
    with path.open("rb") as source:
        return read_po(source, locale=path.parent.parent.name, domain="django")


def extract_messages(root: Path = ROOT) -> Catalog:
    """Every translatable message of our Python modules and templates, in a template catalogue."""
    found = Catalog(domain="django", charset="utf-8")
    for text, comments, context in _messages_in(root):
        found.add(text, auto_comments=comments, context=context)
    return found


def update_catalogues(root: Path = ROOT) -> list[Path]:
    """Bring every `.po` in line with the sources and answer the files that changed.

    Existing translations stay, new messages come in empty, messages no longer used go. Sorted and without line
    numbers, so that a change of code changes a catalogue only where a sentence changed.
    """
    found = extract_messages(root)
    changed = []
    for language in LANGUAGES:
        path = root / "locale" / language / "LC_MESSAGES" / "django.po"
        catalogue = read_catalogue(path) if path.exists() else Catalog(locale=language, domain="django")
        catalogue.update(found, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.obsolete.clear()
        text = _as_text(catalogue)
        if not path.exists() or path.read_bytes() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
            changed.append(path)
    return changed


def unfinished(catalogue: Catalog, found: Catalog) -> list[str]:
    """The messages a catalogue lacks, leaves empty or marks as fuzzy."""
    return [
        _label(message)
        for message in found
        if message.id and not _is_translated(catalogue.get(message.id, message.context))
    ]


def disagreeing_placeholders(catalogue: Catalog) -> list[str]:
    """The messages whose translation drops, adds or renames a placeholder."""
    return [_label(message) for message in catalogue if message.id and not _placeholders_agree(message)]


def _messages_in(root: Path) -> Iterator[tuple[str | tuple[str, ...], list[str], str | None]]:
    for path in sorted(_sources(root)):
        code = path.read_text()
        if path.suffix in (".html", ".txt"):
            code = _template_as_code(code, path)
        for _line, text, comments, context in extract(
            "python", BytesIO(code.encode()), keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            yield text, comments, context


def _sources(root: Path) -> Iterator[Path]:
    for app in APPS:
        for path in (root / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path
    for suffix in ("*.html", "*.txt"):
        for folder in ("templates", *APPS):
            yield from (root / folder).rglob(suffix)


def _template_as_code(text: str, path: Path) -> str:
    """The template's calls of gettext, one a line; indentation means nothing in HTML but much in Python."""
    from django.utils.translation.template import templatize

    return "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())


def _as_text(catalogue: Catalog) -> bytes:
    catalogue.fuzzy = False
    buffer = BytesIO()
    write_po(buffer, catalogue, sort_output=True, omit_header=True, no_location=True, width=110)
    language = catalogue.locale_identifier
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return header.encode() + buffer.getvalue()


def _is_translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(strings)


def _placeholders_agree(message: Message) -> bool:
    sources = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    wanted = set().union(*(_placeholders(source) for source in sources))
    if len(sources) == 1:
        return all(not text or _placeholders(text) == wanted for text in strings)
    # One plural form may say "one order" in words, so a plural may leave a number out but never invent one.
    return all(_placeholders(text) <= wanted for text in strings)


def _placeholders(text: str | None) -> set[str]:
    return {match.group(0) for match in _PLACEHOLDER.finditer(text or "")}


def _label(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
