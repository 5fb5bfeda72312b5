"""Poland: the people, places and goods of the shop `demo-pl`, a shop for makers, paper and toys."""

from __future__ import annotations

from oms.demo.country import Country, Delivery, Good, Town
from orders.statuses import CancelReason, DeliveryKind

KRAKOW = Town("Kraków", "małopolskie", "30-###")
LODZ = Town("Łódź", "łódzkie", "90-###")
WROCLAW = Town("Wrocław", "dolnośląskie", "50-###")
POZNAN = Town("Poznań", "wielkopolskie", "60-###")
GDANSK = Town("Gdańsk", "pomorskie", "80-###")
TOWNS = (
    *(KRAKOW, LODZ, WROCLAW, POZNAN, GDANSK),
    Town("Częstochowa", "śląskie", "42-###"),
    Town("Białystok", "podlaskie", "15-###"),
    Town("Rzeszów", "podkarpackie", "35-###"),
    Town("Świdnica", "dolnośląskie", "58-###"),
    Town("Toruń", "kujawsko-pomorskie", "87-###"),
    Town("Żory", "śląskie", "44-###"),
)

COUNTRY = Country(
    code="PL",
    women=(
        *("Agnieszka", "Małgorzata", "Łucja", "Zofia", "Katarzyna", "Sylwia", "Grażyna", "Elżbieta"),
        *("Bożena", "Kinga", "Róża", "Hanna", "Weronika"),
    ),
    men=(
        "Łukasz",
        "Paweł",
        "Michał",
        "Grzegorz",
        "Sławomir",
        "Wojciech",
        "Rafał",
        "Błażej",
        "Jerzy",
        "Kacper",
    ),
    women_surnames=(
        *("Wiśniewska", "Kowalczyk", "Zielińska", "Dąbrowska", "Śliwińska", "Łagodzińska", "Wójcik"),
        *("Gołębiowska", "Jaworska", "Źródłowska", "Krawczyk"),
    ),
    men_surnames=(
        *("Nowicki", "Wróblewski", "Żurawski", "Ślusarczyk", "Kaczmarek", "Gąsiorowski", "Pęczak"),
        *("Łukasik", "Ćwikliński", "Mazur"),
    ),
    towns=TOWNS,
    streets=(
        *("ul. Lipowa", "ul. Słoneczna", "ul. Źródlana", "ul. Młyńska", "al. Kasztanowa", "ul. Różana"),
        *("ul. Żeglarska", "ul. Ogrodowa", "os. Jabłoniowe", "ul. Wąska"),
    ),
    phone="5## ### ###",
    mail="poczta.example",
    companies=(
        ("Pracownia Jaskółka sp. z o.o.", "7010000008"),
        ("Papiernia Pod Lipą s.c.", "6770012346"),
        ("Żłobek Promyczek", "8990011223"),
    ),
    goods=(
        Good(
            "NOT-LEN-A5", "Notes w lnianej oprawie A5", "49.00", ("szary", "zielony"), vat="23", place="1-A-3"
        ),
        Good("PIO-WIE-1", "Pióro wieczne „Żuraw”", "129.00", ("F", "M"), vat="23", place="1-A-1", weight=120),
        Good("ATR-GRN-50", "Atrament granatowy", "34.90", ("50 ml",), vat="23", place="1-A-2", weight=160),
        Good("KLK-DRW-40", "Klocki drewniane, 40 sztuk", "89.00", vat="23", place="2-C-1", weight=1600),
        Good("PUZ-LAS-200", "Puzzle „Las o świcie”, 200 elementów", "59.90", vat="23", place="2-C-2"),
        Good("FRB-AKW-12", "Farby akwarelowe, 12 kolorów", "64.00", vat="23", place="1-B-4", weight=240),
        Good("PDZ-OKR-5", "Pędzle okrągłe, komplet pięciu", "42.50", vat="23", place="1-B-2", weight=80),
        Good("NIC-HFT-24", "Nici do haftu, 24 motki", "38.00", vat="23", place="3-A-1", weight=150),
        Good(
            "TMB-KRZ-18", "Tamborek bukowy", "21.00", ("18 cm", "25 cm"), vat="23", place="3-A-2", weight=110
        ),
        Good("GRA-RDZ-1", "Gra rodzinna „Mleczna droga”", "119.00", vat="23", place="2-D-1", weight=900),
        Good("KAL-ADW-24", "Kalendarz adwentowy z herbatą", "99.00", vat="8", place="4-A-1", weight=620),
        Good("LAT-BIB-1", "Latarnia z bibuły, zestaw", "29.90", vat="23", stock=2, place="4-B-2"),
        Good(
            "GLN-BIA-2", "Glina samoutwardzalna 2 kg", "44.00", vat="23", stock=3, place="3-C-1", weight=2050
        ),
        Good("", "Pakowanie na prezent", "9.90", vat="23", stock=None, weight=20),
        Good("", "Dedykacja odręczna", "5.00", vat="23", stock=None, weight=5),
    ),
    deliveries=(
        Delivery("dpd", DeliveryKind.DOOR, "Kurier DPD", "17.99"),
        Delivery(
            "inpost",
            DeliveryKind.LOCKER,
            "InPost Paczkomat 24/7",
            "13.99",
            (
                ("KRA24M Paczkomat, ul. Mogilska", KRAKOW),
                ("LOD117M Paczkomat, ul. Piotrkowska", LODZ),
                ("WRO08N Paczkomat, pl. Grunwaldzki", WROCLAW),
                ("POZ311M Paczkomat, os. Przyjaźni", POZNAN),
            ),
        ),
        Delivery(
            "inpost",
            DeliveryKind.LOCKER,
            "InPost Paczkomat 24/7",
            "13.99",
            (("GDA45M Paczkomat, ul. Kartuska", GDANSK), ("KRA501M Paczkomat, ul. Zakopiańska", KRAKOW)),
        ),
        Delivery(
            "orlen",
            DeliveryKind.PICKUP,
            "ORLEN Paczka, odbiór w punkcie",
            "10.99",
            (("104512 Kiosk Żabia", LODZ), ("100877 Stacja Bielany", WROCLAW)),
        ),
    ),
    awbs={"inpost": "6###################0###", "dpd": "0000########U", "orlen": "50########"},
    cod_title="Za pobraniem",
    card_title="Szybki przelew lub karta",
    transfer_title="Przelew na konto",
    customer_notes=(
        "Proszę o dokładne zabezpieczenie paczki.",
        "Proszę dzwonić po 16:00.",
        "To prezent, bez ceny w środku.",
    ),
    notes=(
        "Prosi o fakturę na firmę.",
        "Stała klientka, dołożyć próbkę papieru.",
        "Paczkomat bywa przepełniony, w razie czego ul. Lea.",
    ),
    comments=("Rozmawiałem, potwierdza adres.", "Oddzwonić jutro o 14:00.", "Dwa kartony, skleić razem."),
    cancel_words=(
        (CancelReason.CUSTOMER, "Zamówienie złożone przez pomyłkę."),
        (CancelReason.NOT_PAID, "Brak wpłaty przez siedem dni."),
        (CancelReason.DUPLICATE, "Dwa takie same zamówienia."),
        (CancelReason.OUT_OF_STOCK, "Nie chce czekać na dostawę."),
    ),
    reopen_words="Klientka zapłaciła przelewem po terminie.",
    letters={},
)
