"""Names of the counties whose codes WooCommerce sends (ISO 3166-2 of Romania, Poland and Ukraine)."""

from __future__ import annotations

_RO = (
    "AB Alba|AR Arad|AG Argeș|BC Bacău|BH Bihor|BN Bistrița-Năsăud|BT Botoșani|BR Brăila|BV Brașov|B București|"
    "BZ Buzău|CL Călărași|CS Caraș-Severin|CJ Cluj|CT Constanța|CV Covasna|DB Dâmbovița|DJ Dolj|GL Galați|GR Giurgiu|"
    "GJ Gorj|HR Harghita|HD Hunedoara|IL Ialomița|IS Iași|IF Ilfov|MM Maramureș|MH Mehedinți|MS Mureș|NT Neamț|OT Olt|"
    "PH Prahova|SJ Sălaj|SM Satu Mare|SB Sibiu|SV Suceava|TR Teleorman|TM Timiș|TL Tulcea|VL Vâlcea|VS Vaslui|VN Vrancea"
)
_PL = (
    "DS dolnośląskie|KP kujawsko-pomorskie|LU lubelskie|LB lubuskie|LD łódzkie|MA małopolskie|MZ mazowieckie|OP opolskie|"
    "PK podkarpackie|PD podlaskie|PM pomorskie|SL śląskie|SK świętokrzyskie|WN warmińsko-mazurskie|WP wielkopolskie|"
    "ZP zachodniopomorskie"
)
_UA = (
    "05 Вінницька|07 Волинська|09 Луганська|12 Дніпропетровська|14 Донецька|18 Житомирська|21 Закарпатська|23 Запорізька|"
    "26 Івано-Франківська|30 Київ|32 Київська|35 Кіровоградська|40 Севастополь|43 Крим|46 Львівська|48 Миколаївська|"
    "51 Одеська|53 Полтавська|56 Рівненська|59 Сумська|61 Тернопільська|63 Харківська|65 Херсонська|68 Хмельницька|"
    "71 Черкаська|74 Чернігівська|77 Чернівецька"
)


def _table(text: str) -> dict[str, str]:
    return dict(row.split(" ", 1) for row in text.split("|"))


COUNTIES = {"RO": _table(_RO), "PL": _table(_PL), "UA": _table(_UA)}


def county_name(country: str, state: str) -> str:
    """The county's name for its code, with or without the country in front; anything else stays as it came."""
    table = COUNTIES.get(country, {})
    code = state.upper().removeprefix(country).lstrip("-")
    return table.get(state.upper(), table.get(code, state))
