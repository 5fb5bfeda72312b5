"""A product written by hand: what is checked, what is never overwritten, what its picture may be."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from inventory import services
from inventory.errors import StockError
from inventory.models import Category, Product, ProductFamily, ProductTerm, StockMovement
from inventory.services.editing import create_product, edit_product
from inventory.services.pictures import read_picture
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


class Fields(HTMLParser):
    """The values a browser would send back with the form as it stands."""

    def __init__(self, html):
        super().__init__()
        self.values = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag != "input" or "name" not in found or found.get("type") in ("file", "search", "submit"):
            return
        if found.get("type") == "checkbox" and "checked" not in found:
            return
        unsaid = "on" if found.get("type") == "checkbox" else ""
        self.values[found["name"]] = found.get("value", unsaid) or ""


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("supervisor", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.SUPERVISOR)
    client.force_login(user)
    return user


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def open_form(client, url):
    """The form as a browser has it after the page was opened."""
    html = client.get(url).content.decode()
    return Fields(html[html.index("product-form") :]).values


def edit(client, product, form, **changes):
    return client.post(f"/stock/products/{product.pk}/edit/", {**form, **changes})


def errors_of(response, field):
    return list(response.context["form"].errors.get(field, []))


def picture_file(kind="JPEG", size=(300, 200), **options):
    written = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(written, kind, **options)
    return written.getvalue()


# ---- New products


def test_it_adds_a_product_with_everything(client, person, shop):
    form = open_form(client, "/stock/products/new/")
    form |= {
        "barcode": "5941234567890",
        "sku": "MUG-1",
        "name": "Cană",
        "variant": "Roșie",
        "family": "Căni",
        "category": "Casă",
        "price": "39.90",
        "price_currency": "eur",
        "cost": "12.50",
        "vat_rate": "21",
        "weight_grams": "350",
        "place": "A-01",
        "preorder_from": "2026-12-01",
        "supplier": "Olari",
        "lead_time_days": "7",
        "pack_size": "6",
    }

    response = client.post("/stock/products/new/", form)

    product = Product.objects.get(sku="MUG-1")
    assert response.status_code == 303
    assert response["Location"] == f"/stock/products/{product.pk}/"
    assert (product.shop, product.is_tracked, product.is_active) == (shop, True, True)
    assert (product.price, product.price_currency, product.cost) == (
        Decimal("39.90"),
        "EUR",
        Decimal("12.50"),
    )
    assert (product.category.name, product.family.name, product.variant) == ("Casă", "Căni", "Roșie")
    assert (product.preorder_from, product.lead_time_days, product.pack_size) == (date(2026, 12, 1), 7, 6)


def test_it_has_the_barcode_first_and_takes_it_from_the_address(client, person):
    html = client.get("/stock/products/new/?barcode=594").content.decode()

    form = html[html.index("product-form") :]
    assert form.index('name="barcode"') < form.index('name="sku"') < form.index('name="name"')
    assert Fields(form).values["barcode"] == "594"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("price", "-1"),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "1e30"),
        ("price", "1.234"),
        ("cost", "-0.01"),
        ("price_currency", "XYZ"),
        ("cost_currency", "12"),
        ("vat_rate", "101"),
        ("vat_rate", "-1"),
        ("weight_grams", "-5"),
        ("weight_grams", "9" * 30),
        ("lead_time_days", "-1"),
        ("pack_size", "0"),
        ("pack_size", ""),
        ("preorder_from", "31.31.2026"),
        ("name", "x" * 256),
        ("sku", "x" * 101),
    ],
)
def test_it_names_the_field_that_is_wrong(client, person, field, value):
    form = open_form(client, "/stock/products/new/") | {"name": "Cană", "sku": "MUG"}

    response = client.post("/stock/products/new/", form | {field: value})

    assert response.status_code == 422
    assert errors_of(response, field)
    assert Product.objects.count() == 0


@pytest.mark.parametrize("field", ["sku", "barcode"])
def test_it_says_whose_code_it_is(client, person, make_product, field):
    make_product("OTHER", name="Farfurie", barcode="594")
    taken = {"sku": "OTHER", "barcode": "594"}[field]
    form = open_form(client, "/stock/products/new/") | {"name": "Cană", field: taken}

    response = client.post("/stock/products/new/", form)

    assert response.status_code == 422
    assert "Farfurie" in errors_of(response, field)[0]
    assert Product.objects.count() == 1


def test_another_shop_may_use_the_same_sku(shop):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    create_product(shop_id=shop.pk, values={"name": "A", "sku": "SAME"}, actor=BY)

    create_product(shop_id=other.pk, values={"name": "A", "sku": "SAME"}, actor=BY)

    assert Product.objects.filter(sku="SAME").count() == 2


def test_a_sku_taken_at_the_same_moment_is_a_sentence_not_a_crash(shop, make_product, monkeypatch):
    make_product("MUG")
    monkeypatch.setattr("inventory.services.editing._refuse_taken_codes", lambda *given: None)

    with pytest.raises(StockError, match="a moment ago") as refusal:
        create_product(shop_id=shop.pk, values={"name": "B", "sku": "MUG"}, actor=BY)

    assert refusal.value.field == "sku"
    assert Product.objects.count() == 1


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.MANAGER])
def test_it_lets_only_those_write_who_may(client, shop, make_product, role):
    product = make_product("MUG")
    user = User.objects.create_user("somebody")
    Membership.objects.create(user=user, shop=shop, role=role)
    client.force_login(user)

    for path in ("new/", f"{product.pk}/edit/", f"{product.pk}/delete/"):
        assert client.get(f"/stock/products/{path}").status_code == 403
        assert client.post(f"/stock/products/{path}", {"name": "X"}).status_code == 403
    with pytest.raises(NotPermitted):
        edit_product(product_id=product.pk, values={"name": "X"}, shown={}, actor=Actor.person(user))
    assert list(Product.objects.values_list("name", flat=True)) == ["Product MUG"]


# ---- Changing one


def test_it_saves_what_was_changed_and_finds_it_by_the_new_words(client, person, make_product):
    product = make_product("MUG", price=Decimal("10.00"), vat_rate=Decimal("21"))
    form = open_form(client, f"/stock/products/{product.pk}/edit/")

    response = edit(client, product, form, name="Cană albastră", price="12.00")

    product.refresh_from_db()
    assert response.status_code == 303
    assert (product.name, product.price, product.vat_rate) == ("Cană albastră", Decimal("12.00"), 21)
    assert ProductTerm.objects.filter(product=product, term="albastra").exists()
    assert not ProductTerm.objects.filter(product=product, term="product").exists()


def test_saving_an_untouched_form_writes_nothing_over_a_colleagues_change(client, person, make_product):
    product = make_product("MUG", price=Decimal("10.00"))
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    Product.objects.filter(pk=product.pk).update(price=Decimal("11.00"), is_tracked=False, pack_size=4)

    response = edit(client, product, form, place="B-02")

    product.refresh_from_db()
    assert response.status_code == 303
    assert (product.place, product.price, product.is_tracked, product.pack_size) == ("B-02", 11, False, 4)


@pytest.mark.parametrize(
    ("field", "theirs", "mine"),
    [
        ("price", Decimal("11.00"), "12.00"),
        ("name", "Their name", "My name"),
        ("place", "", "C-03"),
        ("expected_on", date(2026, 12, 1), "2026-12-24"),
        ("lead_time_days", None, "9"),
    ],
)
def test_a_stale_form_is_refused_once_and_then_knows_better(
    client, person, make_product, field, theirs, mine
):
    product = make_product("MUG", price=Decimal("10.00"), place="A-01", lead_time_days=3)
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    Product.objects.filter(pk=product.pk).update(**{field: theirs})

    refused = edit(client, product, form, **{field: mine})

    assert refused.status_code == 422
    assert "Meanwhile somebody changed" in errors_of(refused, field)[0]
    assert Product.objects.values_list(field, flat=True).get() == theirs

    html = refused.content.decode()
    again = edit(client, product, Fields(html[html.index("product-form") :]).values)

    assert again.status_code == 303
    assert str(Product.objects.values_list(field, flat=True).get()) == mine


def test_two_people_who_want_the_same_do_not_quarrel(client, person, make_product):
    product = make_product("MUG")
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    Product.objects.filter(pk=product.pk).update(place="B-02")

    assert edit(client, product, form, place="B-02").status_code == 303


def test_a_switch_somebody_else_turned_is_not_turned_back(client, person, make_product):
    product = make_product("MUG")
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    Product.objects.filter(pk=product.pk).update(is_active=False)

    edit(client, product, form, name="New name")

    assert Product.objects.values_list("name", "is_active").get() == ("New name", False)


def test_it_archives_and_brings_back(client, person, make_product):
    product = make_product("MUG", stock=3)
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    form.pop("is_active")

    edit(client, product, form)

    assert not Product.objects.get().is_active
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    edit(client, product, form, is_active="on")
    assert Product.objects.get().is_active


@pytest.mark.parametrize(("stock", "word"), [(5, "2 are reserved"), (0, "2 waited for")])
def test_stock_stays_counted_while_orders_hold_some(client, person, shop, make_product, stock, word):
    product = make_product("MUG", stock=stock, allow_backorder=True)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={product.pk: 2}, on_shortage="backorder", actor=BY
    )
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    form.pop("is_tracked")

    response = edit(client, product, form)

    assert response.status_code == 422
    assert word in errors_of(response, "is_tracked")[0]
    assert Product.objects.get().is_tracked


def test_counting_may_stop_when_nobody_holds_any(client, person, make_product):
    product = make_product("MUG", stock=5)
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    form.pop("is_tracked")

    assert edit(client, product, form).status_code == 303
    assert not Product.objects.get().is_tracked


# ---- Deleting


def test_it_deletes_what_never_moved(client, person, make_product):
    product = make_product("MUG")

    assert "/delete/" in client.get(f"/stock/products/{product.pk}/edit/").content.decode()
    response = client.post(f"/stock/products/{product.pk}/delete/")

    assert response.status_code == 303
    assert Product.objects.count() == 0


def test_it_keeps_what_has_a_history(client, person, make_product):
    product = make_product("MUG", stock=1)

    assert "/delete/" not in client.get(f"/stock/products/{product.pk}/edit/").content.decode()
    response = client.post(f"/stock/products/{product.pk}/delete/")

    assert response.status_code == 422
    assert "Archive it instead" in response.content.decode()
    assert (Product.objects.count(), StockMovement.objects.count()) == (1, 1)


# ---- Pictures


def with_picture(client, product, content, name="mug.jpg"):
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    return edit(client, product, form, picture=SimpleUploadedFile(name, content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_writes_the_picture_anew_without_metadata(client, person, make_product, kind):
    product = make_product("MUG")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    content = picture_file(kind, (2400, 1200), exif=exif)

    with_picture(client, product, content)

    product.refresh_from_db()
    stored = default_storage.open(product.picture.name).read()
    with Image.open(BytesIO(stored)) as image:
        assert (image.format, image.size) == ("WEBP", (1200, 600))
        assert not image.getexif()
    assert b"secret place" not in stored
    assert product.small_picture_url.endswith(".small.webp")
    assert product.small_picture_url in client.get("/stock/").content.decode()


def test_it_turns_a_sideways_picture_upright(make_product):
    exif = Image.Exif()
    exif[0x0112] = 6

    picture = read_picture(BytesIO(picture_file("JPEG", (300, 200), exif=exif)))

    with Image.open(BytesIO(picture.large)) as image:
        assert image.size == (200, 300)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a<script>alert(1)</script>",
        picture_file("JPEG")[:200],
        picture_file("GIF"),
    ],
)
def test_it_takes_only_pictures(client, person, make_product, media, content):
    product = make_product("MUG")

    response = with_picture(client, product, content)

    assert response.status_code == 422
    assert errors_of(response, "picture")
    assert list(media.rglob("*.webp")) == []
    assert not Product.objects.get().picture


def test_it_refuses_a_file_that_is_too_large(client, person, make_product):
    response = with_picture(client, make_product("MUG"), picture_file() + b"\0" * 5 * 1024 * 1024)

    assert "5 MB" in errors_of(response, "picture")[0]


def test_it_refuses_a_small_file_that_unfolds_to_a_huge_picture(client, person, make_product):
    written = BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")

    response = with_picture(client, make_product("MUG"), written.getvalue())

    assert "40 million pixels" in errors_of(response, "picture")[0]


def test_a_new_picture_replaces_the_files_of_the_old_one(
    client, person, make_product, media, django_capture_on_commit_callbacks
):
    product = make_product("MUG")
    with_picture(client, product, picture_file())
    old = Product.objects.get().picture.name

    with django_capture_on_commit_callbacks(execute=True):
        with_picture(client, product, picture_file("PNG"))

    assert Product.objects.get().picture.name != old
    assert len(list(media.rglob("*.webp"))) == 2


def test_a_picture_can_be_removed(client, person, make_product, media, django_capture_on_commit_callbacks):
    product = make_product("MUG")
    with_picture(client, product, picture_file())
    form = open_form(client, f"/stock/products/{product.pk}/edit/")

    with django_capture_on_commit_callbacks(execute=True):
        edit(client, product, form, remove_picture="on")

    assert not Product.objects.get().picture
    assert list(media.rglob("*.webp")) == []


def test_a_refused_change_leaves_no_files(client, person, make_product, media):
    product = make_product("MUG")
    make_product("OTHER")
    form = open_form(client, f"/stock/products/{product.pk}/edit/")

    refused = edit(client, product, form, sku="OTHER", picture=SimpleUploadedFile("a.jpg", picture_file()))

    assert refused.status_code == 422
    assert list(media.rglob("*.webp")) == []


def test_a_picture_somebody_else_changed_is_not_replaced(client, person, make_product):
    product = make_product("MUG")
    form = open_form(client, f"/stock/products/{product.pk}/edit/")
    Product.objects.filter(pk=product.pk).update(picture="products/theirs.webp")

    refused = edit(client, product, form, picture=SimpleUploadedFile("a.jpg", picture_file()))

    assert "changed the picture" in errors_of(refused, "picture")[0]
    assert Product.objects.get().picture.name == "products/theirs.webp"


# ---- All or nothing


def test_a_refused_product_leaves_no_category_behind(shop, make_product):
    make_product("MUG")

    with pytest.raises(StockError):
        create_product(
            shop_id=shop.pk, values={"name": "B", "sku": "MUG", "category": "New", "family": "New"}, actor=BY
        )

    assert (Category.objects.count(), ProductFamily.objects.count()) == (0, 0)
    assert transaction.get_connection().in_atomic_block
