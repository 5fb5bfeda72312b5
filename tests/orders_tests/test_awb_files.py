"""Reading lists of AWBs: what people paste and what couriers export."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from orders.awb_files import AWBS, MOST_ROWS, OUTCOMES, AwbRow, is_shortened, outcome_of, read_awbs
from orders.carriers import carriers_by_number, is_malformed
from orders.errors import OrderError


def rows(text: str, **options: str) -> list[tuple[str, str]]:
    return [(row.order, row.number) for row in read_awbs(text.encode(), **options).rows]


@pytest.mark.parametrize("mark", [";", ",", "\t", " ", " | "])
def test_it_reads_order_and_awb_by_any_separator(mark):
    found = read_awbs(f"RO-1{mark}2000105560061\n\nRO-2{mark}2000105560062\n".encode())

    assert found.kind == AWBS
    assert found.rows == (AwbRow(1, "RO-1", "2000105560061"), AwbRow(3, "RO-2", "2000105560062"))
    assert not found.is_headed and found.notices == ()


def test_it_reads_a_carrier_column_and_what_exports_put_around_numbers():
    found = read_awbs(b'#RO-1;="2000 1055 60061";FAN Courier\n"RO-2";\'1onb22;\n')

    assert found.rows == (
        AwbRow(1, "RO-1", "2000105560061", "FAN Courier"),
        AwbRow(2, "RO-2", "1ONB22"),
    )


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("Nr. AWB;Destinatar;Referință client;Status", "7001;Ana;RO-1;Livrat"),
        ("Data,Numer przesyłki,Odbiorca,Numer referencyjny", "2026-11-20,7001,Ana,RO-1"),
        ("№;ТТН;Номер замовлення", "1;7001;RO-1"),
        ("Order;AWB", "RO-1;7001"),
        ("tracking number\torder number\tcourier", "7001\tRO-1\tdpd"),
    ],
)
def test_it_knows_columns_by_headings(head, line):
    found = read_awbs(f"Export 22.11.2026\n{head}\n{line}\n".encode())

    assert (found.kind, found.is_headed) == (AWBS, True)
    assert [(row.line, row.order, row.number) for row in found.rows] == [(3, "RO-1", "7001")]


def test_it_tells_lists_of_outcomes_by_their_words():
    found = read_awbs("7001;livrat\n7002;odmowa\n7003;не забрано\n7004;hm\n".encode())

    assert found.kind == OUTCOMES
    assert [outcome_of(row.outcome) for row in found.rows] == ["delivered", "refused", "unclaimed", ""]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Delivered", "delivered"),
        ("LIVRATĂ", "delivered"),
        ("doręczono", "delivered"),
        ("Refuzat", "refused"),
        ("Відмова одержувача", "refused"),
        ("nieodebrana", "unclaimed"),
        ("neridicat", "unclaimed"),
        ("nelivrat", ""),
        ("returned", ""),
        ("niedoręczona", ""),
    ],
)
def test_it_understands_outcomes_in_four_languages_and_guesses_none(word, outcome):
    assert outcome_of(word) == outcome


@pytest.mark.parametrize(
    ("encoding", "text", "says"),
    [
        ("cp1250", "Zamówienie;Numer przesyłki\nPL-1;600000000000000000000001\n", "Windows-1250"),
        ("cp1251", "Замовлення;Номер накладної\nUA-1;20450000000001\n", "Windows-1251"),
        ("utf-16", "Comandă;AWB\nRO-1;2000105560061\n", "UTF-16"),
    ],
)
def test_it_guesses_the_letters_and_says_so(encoding, text, says):
    found = read_awbs(text.encode(encoding))

    assert len(found.rows) == 1 and found.is_headed
    assert says in found.notices[0]


def test_it_reads_a_workbook_and_notices_numbers_it_rounded():
    book = Workbook()
    book.active.append(["Order", "AWB"])
    book.active.append(["RO-1", 2000105560061])
    book.active.append(["PL-1", 6.00000000000000e23])
    place = io.BytesIO()
    book.save(place)

    found = read_awbs(place.getvalue(), file_name="fancourier-export.xlsx")

    assert found.rows[0].number == "2000105560061"
    assert is_shortened(found.rows[1].number)
    assert {row.carrier for row in found.rows} == {"fan"}


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\x00\x01\x02" * 50, b"a;b\n" * (MOST_ROWS + 1)])
def test_it_refuses_what_is_no_list_with_a_sentence(content):
    with pytest.raises(OrderError) as refusal:
        read_awbs(content)

    assert refusal.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("number", "country", "carriers"),
    [
        ("2000105560061", "RO", ("fan",)),
        ("600000000000000000000001", "PL", ("inpost",)),
        ("0000123456789U", "PL", ("dpd",)),
        ("20450012345678", "UA", ("nova_poshta",)),
        ("0503712345678", "UA", ("ukrposhta",)),
        ("1Z999AA10123456784", "RO", ("ups",)),
        ("hello", "RO", ()),
    ],
)
def test_it_tells_couriers_by_the_form_of_a_number(number, country, carriers):
    assert carriers_by_number(number, country) == carriers


def test_it_calls_a_number_malformed_only_where_that_is_certain():
    assert is_malformed("inpost", "60000000000000000000001")
    assert is_malformed("nova_poshta", "AB450012345678")
    assert is_malformed("fan", "20001")
    assert is_malformed("fan", "livrat")
    assert not is_malformed("fan", "AWB000123")
    assert not is_malformed("sameday", "1ONB22123456")
