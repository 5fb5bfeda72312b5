"""The columns of a file with products and stock: their headings in four languages, and how a cell of each is read.

The same columns are imported and exported, so that an export can be edited and brought back. The headings stand
here and not in the message catalogues: files written last year must be understood when a translation improves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from inventory.stock_files.problems import BadValue
from inventory.stock_files.values import (
    Cell,
    read_amount,
    read_code,
    read_date,
    read_text,
    read_whole,
    read_yes_or_no,
)
from shops.search_text import fold
from shops.validators import is_currency

LARGEST_ON_HAND = 1_000_000_000
LARGEST_SMALL = 32_767
_WORDS = re.compile(r"[^\W_]+")
LANGUAGES = ("en", "ro", "pl", "uk")


@dataclass(frozen=True)
class Column:
    """One column: its key (mostly the field of the product), its heading by language, other names, and its reader."""

    key: str
    headings: tuple[str, str, str, str]
    read: Callable[[Cell], Any]
    aliases: str = ""
    example: str = ""

    def heading(self, language: str) -> str:
        """What stands above the column in this language; English for others."""
        return self.headings[LANGUAGES.index(language) if language in LANGUAGES else 0]


def _read_currency(cell: Cell) -> str:
    code = read_text(cell, most=20).upper()
    if not is_currency(code):
        raise BadValue("unknown_currency")
    return code


def _text(most: int) -> Callable[[Cell], str]:
    return partial(read_text, most=most)


_SMALL = partial(read_whole, most=LARGEST_SMALL)
_LARGE = partial(read_whole, most=2_000_000_000)
_RATE = partial(read_amount, most=Decimal(100))

COLUMNS: tuple[Column, ...] = (
    Column(
        "sku",
        ("SKU", "Cod produs", "SKU", "Артикул"),
        partial(read_code, most=100),
        "cod, cod articol, code, item code, kod, kod produktu, symbol, indeks, код, код товару, article number",
        "MUG-RED",
    ),
    Column(
        "barcode",
        ("Barcode", "Cod de bare", "Kod kreskowy", "Штрихкод"),
        partial(read_code, most=64),
        "ean, ean 13, ean13, gtin, upc, cod bare, kod ean, штрих код",
        "5941234567890",
    ),
    Column(
        "name",
        ("Name", "Denumire", "Nazwa", "Назва"),
        _text(255),
        "product, product name, title, nume, produs, nume produs, denumire produs, nazwa produktu, товар, назва товару",
        "Mug",
    ),
    Column(
        "variant", ("Variant", "Variantă", "Wariant", "Варіант"), _text(255), "option, optiune, opcja", "Red"
    ),
    Column(
        "category",
        ("Category", "Categorie", "Kategoria", "Категорія"),
        _text(100),
        "group, grupa, група",
        "Kitchen",
    ),
    Column(
        "family",
        ("Variant of", "Variantă a", "Wariant produktu", "Варіант товару"),
        _text(255),
        "family, familie, rodzina, сімейство, parent, produs parinte, produkt nadrzedny",
        "Mug",
    ),
    Column(
        "unit",
        ("Unit", "Unitate", "Jednostka", "Одиниця"),
        _text(20),
        "um, u m, unitate de masura, jm, j m, jednostka miary, од, од вим, одиниця виміру",
        "pcs",
    ),
    Column(
        "price",
        ("Price", "Preț", "Cena", "Ціна"),
        read_amount,
        "price with vat, selling price, pret cu tva, pret vanzare, cena brutto, cena sprzedazy, ціна з пдв",
        "49.90",
    ),
    Column(
        "price_currency",
        ("Price currency", "Moneda prețului", "Waluta ceny", "Валюта ціни"),
        _read_currency,
        "currency, moneda, valuta, waluta, валюта",
        "RON",
    ),
    Column(
        "cost",
        ("Cost", "Cost", "Koszt", "Собівартість"),
        read_amount,
        "purchase price, pret achizitie, pret de achizitie, cena zakupu, закупівельна ціна, ціна закупівлі",
        "21.50",
    ),
    Column(
        "cost_currency",
        ("Cost currency", "Moneda costului", "Waluta kosztu", "Валюта собівартості"),
        _read_currency,
        "",
        "EUR",
    ),
    Column(
        "vat_rate",
        ("VAT, %", "TVA, %", "VAT, %", "ПДВ, %"),
        _RATE,
        "vat rate, tax rate, cota tva, stawka vat, ставка пдв",
        "21",
    ),
    Column(
        "weight_grams",
        ("Weight, g", "Greutate, g", "Waga, g", "Вага, г"),
        _LARGE,
        "weight, weight grams, greutate, waga, вага",
        "350",
    ),
    Column(
        "place",
        ("Place", "Loc în depozit", "Miejsce", "Місце"),
        _text(50),
        "place in the warehouse, location, bin, shelf, raft, loc, locatie, lokalizacja, regal, полиця, комірка",
        "B-03-2",
    ),
    Column(
        "supplier",
        ("Supplier", "Furnizor", "Dostawca", "Постачальник"),
        _text(100),
        "vendor",
        "Ceramica SRL",
    ),
    Column(
        "lead_time_days",
        (
            "Lead time, days",
            "Termen de aprovizionare, zile",
            "Czas dostawy, dni",
            "Термін постачання, днів",
        ),
        _SMALL,
        "lead time, termen de livrare, termen de aprovizionare, czas dostawy, термін постачання",
        "14",
    ),
    Column(
        "pack_size",
        ("Pack size", "Bucăți la pachet", "Sztuk w opakowaniu", "В упаковці"),
        partial(read_whole, least=1, most=2_000_000_000),
        "pack, pachet, opakowanie, упаковка",
        "6",
    ),
    Column(
        "safety_stock",
        ("Safety stock", "Stoc de siguranță", "Zapas bezpieczeństwa", "Страховий запас"),
        partial(read_whole, most=LARGEST_ON_HAND),
        "min stock, minimum stock, stoc minim, stan minimalny, мінімальний залишок",
        "5",
    ),
    Column("is_active", ("Active", "Activ", "Aktywny", "Активний"), read_yes_or_no, "", "yes"),
    Column(
        "is_tracked",
        ("Counted", "Stoc urmărit", "Stan liczony", "Облік залишку"),
        read_yes_or_no,
        "stock is counted, tracked, track stock, urmarit, liczony",
        "yes",
    ),
    Column(
        "allow_backorder",
        ("Backorder", "Vânzare fără stoc", "Sprzedaż bez stanu", "Продаж без наявності"),
        read_yes_or_no,
        "allow backorder, backorders",
        "no",
    ),
    Column(
        "preorder_from",
        ("Preorder from", "Precomandă din", "Przedsprzedaż od", "Передзамовлення з"),
        read_date,
        "",
        "",
    ),
    Column(
        "expected_on",
        ("Expected on", "Așteptat la", "Oczekiwany", "Очікується"),
        read_date,
        "expected",
        "",
    ),
    Column(
        "on_hand",
        ("On hand", "În stoc", "Na stanie", "На складі"),
        partial(read_whole, most=LARGEST_ON_HAND),
        "stock, qty, quantity, stoc, stoc fizic, cantitate, stan, stan magazynowy, ilosc, залишок, кількість, наявність",
        "40",
    ),
    Column("shop", ("Shop", "Magazin", "Sklep", "Магазин"), _text(100), "", ""),
)
BY_KEY: Mapping[str, Column] = {column.key: column for column in COLUMNS}
# A file of one shop need not name it.
FILE_COLUMNS = tuple(column for column in COLUMNS if column.key != "shop")


WORDS: Mapping[str, tuple[str, str]] = {
    "en": ("yes", "no"),
    "ro": ("da", "nu"),
    "pl": ("tak", "nie"),
    "uk": ("так", "ні"),
}


def yes_or_no(value: bool, language: str) -> str:
    """A truth value as a file of this language says it."""
    yes, no = WORDS.get(language, WORDS["en"])
    return yes if value else no


def _normal(heading: str) -> str:
    return " ".join(_WORDS.findall(fold(heading)))


_KEYS: Mapping[str, str] = {
    **{_normal(alias): column.key for column in COLUMNS for alias in column.aliases.split(",") if alias},
    **{_normal(column.key): column.key for column in COLUMNS},
    **{_normal(heading): column.key for column in COLUMNS for heading in column.headings},
}


def key_of(heading: Cell) -> str:
    """The column a heading means, in any of our languages, whatever its case, accents and punctuation; else nothing."""
    return _KEYS.get(_normal(str(heading)[:200]), "") if heading is not None else ""
