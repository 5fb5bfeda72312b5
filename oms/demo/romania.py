"""Romania: the people, places and goods of the shop `demo-ro`, a small house of herbs, honey and cosmetics."""

from __future__ import annotations

from oms.demo.country import Country, Delivery, Good, Town
from orders.statuses import CancelReason, DeliveryKind

CLUJ = Town("Cluj-Napoca", "Cluj", "400###")
IASI = Town("Iași", "Iași", "700###")
BUCURESTI = Town("București", "Sector 3", "03####")
TIMISOARA = Town("Timișoara", "Timiș", "300###")
BRASOV = Town("Brașov", "Brașov", "500###")
CONSTANTA = Town("Constanța", "Constanța", "900###")
TOWNS = (
    *(CLUJ, IASI, BUCURESTI, TIMISOARA, BRASOV, CONSTANTA),
    Town("Târgu Mureș", "Mureș", "540###"),
    Town("Râmnicu Vâlcea", "Vâlcea", "240###"),
    Town("Bistrița", "Bistrița-Năsăud", "420###"),
    Town("Ploiești", "Prahova", "100###"),
    Town("Câmpulung Moldovenesc", "Suceava", "725###"),
    Town("Făgăraș", "Brașov", "505###"),
)

COUNTRY = Country(
    code="RO",
    women=(
        *("Ana-Maria", "Ioana", "Elena", "Mihaela", "Ștefania", "Raluca", "Cristina", "Bianca"),
        *("Anca", "Daniela", "Teodora", "Oana", "Iulia", "Larisa", "Corina"),
    ),
    men=("Andrei", "Ștefan", "Răzvan", "Mihai", "Călin", "Vlăduț", "Ionuț", "Cătălin", "Bogdan", "Dănuț"),
    women_surnames=(
        *("Popescu", "Țăranu", "Dumitrescu", "Brânzei", "Moldovan", "Șerban", "Mureșan", "Câmpeanu"),
        *("Ardeleanu", "Vlăsceanu", "Nițu", "Olteanu", "Rădulescu", "Păun"),
    ),
    men_surnames=(
        *("Ionescu", "Țurcanu", "Stănescu", "Mărginean", "Șandru", "Crișan", "Lăzărescu", "Bălan"),
        *("Grădinaru", "Fătu", "Negruțiu", "Dobrogeanu"),
    ),
    towns=TOWNS,
    streets=(
        *("Strada Morii", "Strada Trandafirilor", "Bulevardul Unirii", "Strada Fântânii", "Aleea Teilor"),
        *("Strada Școlii", "Calea Mănăștur", "Strada Viilor", "Strada Lăutarilor", "Strada Păcii"),
    ),
    phone="07## ### ###",
    mail="posta.example",
    companies=(
        ("Floarea de Câmp SRL", "RO18000013"),
        ("Atelier Brândușa SRL", "RO27500019"),
        ("Cofetăria Scorțișoara SRL", "RO33100427"),
    ),
    goods=(
        Good("CRM-GLB-50", "Cremă de gălbenele", "39.00", ("50 ml", "100 ml"), place="A-01-2", weight=90),
        Good("MIE-SLC-500", "Miere de salcâm", "34.50", ("500 g",), vat="11", place="B-02-1", weight=760),
        Good("MIE-TEI-900", "Miere de tei", "52.00", ("900 g",), vat="11", place="B-02-2", weight=1250),
        Good("SPN-LVD-3", "Săpun cu lavandă, set de trei", "45.00", place="A-02-1", weight=330),
        Good("ULE-CTN-250", "Ulei de cătină presat la rece", "64.90", ("250 ml",), vat="11", place="A-03-4"),
        Good(
            "CEA-MNT-20", "Ceai de mentă și tei", "18.00", ("20 plicuri", "vrac 100 g"), vat="11", weight=70
        ),
        Good("LUM-CRA-1", "Lumânare din ceară de albine", "42.00", ("mică", "mare"), place="C-01-1"),
        Good("SMP-URZ-250", "Șampon de urzică", "36.00", ("250 ml",), place="A-01-4"),
        Good("DUL-TRN-350", "Dulceață de trandafiri", "29.90", ("350 g",), vat="11", place="B-03-1"),
        Good("PRS-BUM-2", "Prosop de bumbac țesut", "89.00", ("natur", "dungi albastre"), place="C-04-2"),
        Good("CAD-TOM-1", "Cutie cadou „Toamnă”", "149.00", place="C-02-2", weight=1400),
        Good("PRP-TNC-30", "Tinctură de propolis", "27.50", ("30 ml",), vat="11", stock=2, place="B-01-3"),
        Good("BLS-BUZ-15", "Balsam de buze cu mentă", "16.50", stock=3, place="A-01-1", weight=25),
        Good("", "Ambalare cadou cu fundă", "12.00", stock=None, weight=20),
        Good("CARD-CADOU", "Card cadou tipărit", "100.00", stock=None, vat="0", weight=10),
    ),
    deliveries=(
        Delivery("fan", DeliveryKind.DOOR, "FAN Courier, la adresă", "19.90"),
        Delivery("cargus", DeliveryKind.DOOR, "Cargus, la adresă", "17.50"),
        Delivery(
            "sameday",
            DeliveryKind.LOCKER,
            "Sameday easybox",
            "12.90",
            (
                ("CJ1042 easybox Piața Mărăști", CLUJ),
                ("IS0317 easybox Podu Roș", IASI),
                ("BU2208 easybox Titan Parc", BUCURESTI),
                ("BV0126 easybox Tractorul", BRASOV),
            ),
        ),
        Delivery(
            "fan",
            DeliveryKind.LOCKER,
            "FANbox",
            "13.50",
            (("F1TM0071 FANbox Girocului", TIMISOARA), ("F1CT0033 FANbox Tomis Nord", CONSTANTA)),
        ),
    ),
    awbs={"fan": "2############", "sameday": "1ONB##########", "cargus": "12########"},
    cod_title="Plata la livrare (ramburs)",
    card_title="Card online",
    transfer_title="Transfer bancar",
    customer_notes=(
        "Vă rog să sunați înainte de livrare.",
        "Interfonul nu merge, sunați la telefon.",
        "Este cadou, fără factură în colet, vă rog.",
    ),
    notes=(
        "A cerut livrare după ora 17.",
        "Client vechi, a primit mostra de săpun.",
        "De verificat adresa: două străzi cu același nume.",
    ),
    comments=(
        "Am vorbit, confirmă și mai adaugă un ceai.",
        "Revin mâine la 14:00.",
        "Colet fragil, de dublat cutia.",
    ),
    cancel_words=(
        (CancelReason.CUSTOMER, "A găsit produsul în magazinul din oraș."),
        (CancelReason.NO_ANSWER, "Sunat de trei ori, SMS trimis."),
        (CancelReason.DUPLICATE, "A comandat de două ori aceleași produse."),
        (CancelReason.OUT_OF_STOCK, "Nu a vrut să aștepte."),
    ),
    reopen_words="A sunat clientul, totuși vrea comanda.",
    letters={},
)
