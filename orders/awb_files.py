"""Reading lists of parcels as people paste them and couriers export them: `order;AWB`, or `AWB;what became of it`.

Columns are known by the headings of the couriers' own exports in four languages, else by their place; encodings and
separators are guessed. It knows what a list says, and nothing of the orders it is about.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.stock_files.reading import encoding_of, is_workbook, rows_of
from orders.carriers import normal_number, recognise
from orders.errors import OrderError
from orders.statuses import ReturnKind
from shops.search_text import fold

MOST_ROWS = 5_000
LARGEST_FILE = 2 * 1024 * 1024
LONGEST_CELL = 100
HEADING_ROWS = 10
SEPARATORS = ";\t,|"
AWBS, OUTCOMES = "awbs", "outcomes"
DELIVERED = "delivered"

_WORDS = re.compile(r"[^\W_]+")
# A spreadsheet shortens long numbers to “6,2E+23”; the digits are lost, and no guess brings them back.
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)

# Headings, folded and with their words joined: orders first by what a shop calls them, then by couriers' “reference”.
_HEADINGS = {
    "order": """
        order orderno ordernumber orderid orderref orderreference ordernr shoporder
        comanda nrcomanda nrcomenzii numarcomanda numardecomanda idcomanda referintacomanda
        zamowienie nrzamowienia numerzamowienia idzamowienia
        замовлення номерзамовлення замовлення№ idзамовлення
        reference ref ref1 reference1 refno referenceno referencenumber clientreference customerreference
        shipmentreference parcelreference packagerefno1 yourreference clientref
        referinta referinta1 referintaclient referintaexpeditor referintaexpediere nrreferinta numarreferinta
        serieclient
        referencje referencja numerreferencyjny nrreferencyjny numerreferencyjny1 referencje1 wlasnynumer
        внутрішнійномер внутрішнійномерзамовлення номерклієнта номерзамовленняклієнта
    """,
    "number": """
        awb nrawb numarawb awbno awbnr awbnumber codawb awb1 numarulawb
        tracking trackingno trackingnumber trackingnr trackingcode trackingid waybill waybillno waybillnumber
        parcelno parcelnumber parcelid packageno shipmentno shipmentnumber barcode consignment consignmentno
        codbare coddebare nrcolet numarcolet nrexpeditie numarexpeditie nrexpediere nrtransport
        przesylka nrprzesylki numerprzesylki numerpaczki nrpaczki numerlistu nrlistu numerlistuprzewozowego
        nrlistuprzewozowego listprzewozowy numernadania numersledzenia kodkreskowy
        ттн номерттн ен номерен накладна номернакладної експреснакладна номерекспреснакладної трек трекномер
        штрихкод шкі шки номервідправлення ідентифікатор номерпосилки шкідентифікатор
    """,
    "carrier": """
        carrier courier courriercompany shipper shippingmethod deliveryservice curier firmacurierat metodalivrare
        kurier przewoznik firmakurierska sposobdostawy перевізник курєр службадоставки
    """,
    "outcome": """
        status awbstatus statusawb deliverystatus state outcome result stare starea stareawb starelivrare
        statuslivrare stadiu rezultat statusprzesylki stan stanprzesylki wynik статус стан статусдоставки
        статусвідправлення результат
    """,
}
_KEY_OF_HEADING = {name: key for key, names in _HEADINGS.items() for name in names.split()}

_OUTCOMES = {
    DELIVERED: """
        delivered|delivered to consignee|delivered to recipient
        livrat|livrata|livrate|livrat la destinatar|livrat destinatarului
        doreczona|doreczono|doreczone|doreczony|doreczona do odbiorcy|dostarczona|dostarczono|odebrana|odebrano
        доставлено|вручено|отримано|відправлення отримано
    """,
    ReturnKind.REFUSED: """
        refused|rejected|refused by recipient|refuz|refuzat|refuzata|refuz primire|refuzat de destinatar
        odmowa|odmowiono|odmowa przyjecia|odmowa przyjecia przesylki|odmowa odbioru
        відмова|відмовлено|відмова одержувача|відмова отримувача|відмова від отримання
    """,
    ReturnKind.UNCLAIMED: """
        unclaimed|not collected|not picked up|uncollected|neridicat|neridicata|nerevendicat|nerevendicata
        nieodebrana|nieodebrano|nieodebrane|nie odebrana|nie odebrano|nie podjeto|niepodjeta|nie podjeto w terminie
        не забрано|незабрано|не отримано|не забрали|не востребувано|не запитано
    """,
}
_OUTCOME_OF_WORD = {
    word.strip(): outcome
    for outcome, lines in _OUTCOMES.items()
    for line in lines.strip().splitlines()
    for word in line.split("|")
}


@dataclass(frozen=True)
class AwbRow:
    """One row, its cells cleaned; `line` as a spreadsheet or an editor counts. `outcome` is the word as written."""

    line: int
    order: str = ""
    number: str = ""
    carrier: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class AwbList:
    """What a list says: its rows, of which kind, and what was guessed about it, in sentences.

    Without headings the two columns of `order;AWB` may stand the other way round (`is_headed` tells).
    """

    kind: str
    rows: tuple[AwbRow, ...]
    is_headed: bool
    notices: tuple[str, ...] = ()


def outcome_of(word: str) -> str:
    """“delivered”, or the kind of return a word of the four languages means; an empty text for any other word."""
    return _OUTCOME_OF_WORD.get(" ".join(_WORDS.findall(fold(word))), "")


def is_shortened(number: str) -> bool:
    """Whether a spreadsheet wrote this number as a power of ten, so that its last digits are lost."""
    return _SHORTENED.fullmatch(number.strip()) is not None


def read_awbs(content: bytes, *, kind: str = "", file_name: str = "") -> AwbList:
    """Read a pasted text (as UTF-8) or the bytes of a CSV or XLSX file; `kind` empty: tell by what is in it.

    Raises OrderError for what is empty, too long or no table at all.
    """
    if len(content) > LARGEST_FILE:
        raise OrderError(_("This is larger than 2 MB. Split it in parts."), code="too_large")
    table, notices = (_rows_of_workbook(content), []) if is_workbook(content) else _rows_of_text(content)
    lines = [(line, cells) for line, cells in table if any(cells)]
    if not lines:
        raise OrderError(
            _("There is nothing here yet. Paste the list, one parcel on each line."), code="empty"
        )
    keys, body = _headings(lines)
    kind = kind if kind in (AWBS, OUTCOMES) else _kind_of(keys, body)
    if len(body) > MOST_ROWS:
        raise OrderError(
            _("The list has %(rows)d rows; at most %(most)d fit in one. Split it in parts.")
            % {"rows": len(body), "most": MOST_ROWS},
            code="too_many_rows",
        )
    places = {key: place for place, key in reversed(list(enumerate(keys))) if key} or _by_place(kind)
    courier = recognise(file_name)
    rows = tuple(_row(line, cells, places, courier) for line, cells in body)
    return AwbList(kind, rows, bool(keys), tuple(notices))


def _row(line: int, cells: Sequence[str], places: dict[str, int], courier: str) -> AwbRow:
    values = {key: cells[place] for key, place in places.items() if place < len(cells)}
    number = values.get("number", "")
    return AwbRow(
        line,
        order=values.get("order", "").strip("#№ "),
        number=number if is_shortened(number) else normal_number(number),
        carrier=values.get("carrier", "") or courier,
        outcome=values.get("outcome", ""),
    )


def _by_place(kind: str) -> dict[str, int]:
    return {"number": 0, "outcome": 1} if kind == OUTCOMES else {"order": 0, "number": 1, "carrier": 2}


def _headings(lines: list[tuple[int, list[str]]]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The meaning of each column, empty without headings, and the rows below them; exports may begin with a title."""
    for at, (_line, cells) in enumerate(lines[:HEADING_ROWS]):
        keys = ["".join(_WORDS.findall(fold(cell))) for cell in cells]
        meant = [_KEY_OF_HEADING.get(key, "") for key in keys]
        if "number" in meant and ("order" in meant or "outcome" in meant):
            return meant, lines[at + 1 :]
    first = lines[0][1]
    if any(_KEY_OF_HEADING.get("".join(_WORDS.findall(fold(cell)))) for cell in first) and not any(
        re.search(r"\d", cell) for cell in first
    ):
        return [], lines[1:]
    return [], lines


def _kind_of(keys: list[str], body: list[tuple[int, list[str]]]) -> str:
    if keys:
        return AWBS if "order" in keys else OUTCOMES
    words = sum(1 for _line, cells in body if len(cells) > 1 and outcome_of(cells[1]))
    return OUTCOMES if words * 2 >= len(body) else AWBS


def _rows_of_workbook(content: bytes) -> list[tuple[int, list[str]]]:
    try:
        rows = []
        for line, cells in rows_of(content):
            rows.append((line, [_text_of(cell) for cell in cells[:60]]))
            if len(rows) > MOST_ROWS + HEADING_ROWS:
                break
        return rows
    except StockError as error:
        raise OrderError(error.sentence, code=error.code) from error


def _text_of(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        # A number of more than fifteen digits was rounded when the spreadsheet stored it.
        return f"{cell:.0f}" if abs(cell) < 1e15 else f"{cell:.5E}"
    return _clean("" if cell is None else str(cell))


def _rows_of_text(content: bytes) -> tuple[list[tuple[int, list[str]]], list[str]]:
    encoding = encoding_of(content)
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        raise OrderError(
            _("The letters of this file cannot be read. Save it as “CSV UTF-8”."), code="bad_file"
        ) from error
    if text.count("\0") > 2:
        raise OrderError(_("This is neither CSV nor XLSX."), code="bad_file")
    notices = []
    if encoding not in ("utf-8", "utf-8-sig"):
        names = {"cp1250": "Windows-1250", "cp1251": "Windows-1251"}
        notices.append(
            _("The letters of the file were read as %(encoding)s; look whether names are spelled right.")
            % {"encoding": names.get(encoding, "UTF-16")}
        )
    lines = text.lstrip("\ufeff").splitlines()
    if lines and re.fullmatch(r"sep=.", lines[0].strip()):
        lines[0] = ""
    return [(number, cells) for number, cells in enumerate(_split(lines), start=1)], notices


def _split(lines: list[str]) -> Iterable[list[str]]:
    """Each line by the separator that most lines hold; by white space where none holds any."""
    sample = [re.sub(r'"[^"]*"', "", line) for line in lines[:200] if line.strip()]
    counts = {mark: sum(1 for line in sample if mark in line) for mark in SEPARATORS}
    mark = max(SEPARATORS, key=lambda one: (counts[one], -SEPARATORS.index(one)))
    for line in lines:
        if counts[mark] and mark in line:
            cells = next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])
            yield [_clean(cell) for cell in cells[:60]]
        else:
            yield [_clean(cell) for cell in line.split(None, 1)]


def _clean(cell: str) -> str:
    """The cell without what exports put around numbers: spaces, a leading apostrophe, =\"…\"."""
    text = " ".join(cell.replace("\0", "").split()).strip("'")
    wrapped = re.fullmatch(r'=?"(.*)"', text)
    return (wrapped[1] if wrapped else text)[:LONGEST_CELL]
