"""The pages of boards: what they show, what a save answers, steps with progress, and that their cost is fixed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Deal, Funnel, Stage
from crm.selectors.mapping import mapping_of, version_of
from crm.services import emptying
from orders.statuses import Status
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_shop("RO", language="en")


@pytest.fixture
def funnel(client, shop) -> Funnel:
    client.force_login(make_user(shop, Role.SUPERVISOR))
    return Funnel.objects.get(shop=shop, is_default=True)


def stage(funnel, slug) -> Stage:
    return Stage.objects.get(funnel=funnel, slug=slug)


def posted(funnel, **changes) -> dict[str, str]:
    """The mapping's form as it stands, with `<slug>__<field>` and plain fields changed; None leaves a field out."""
    mapping = mapping_of(funnel)
    values = {
        "version": version_of(funnel.pk),
        "name": funnel.name,
        "creates_deals": "on",
        "follows_orders": "on",
    }
    values["order"] = ",".join(str(row.pk) for row in mapping.stages)
    values |= {f"entry-{status}": str(row.pk) for status, row in mapping.entries.items()}
    values |= {f"rule-{happening}": str(pk) for happening, pk in mapping.rules.items()}
    fields = ("name", "status", "kind", "condition", "colour", "wip_limit", "time_limit_hours")
    for row in mapping.stages:
        for field in fields:
            value = getattr(row, field)
            values[f"stage-{row.pk}-{field}"] = "" if value is None else str(value)
        for flag in ("wip_is_hard", "is_side", "requires_previous"):
            if getattr(row, flag):
                values[f"stage-{row.pk}-{flag}"] = "on"
    for name, value in changes.items():
        slug, dunder, field = name.partition("__")
        key = f"stage-{stage(funnel, slug.replace('_', '-')).pk}-{field}" if dunder else name
        values[key] = value
    return {key: value for key, value in values.items() if value is not None}


def test_the_mapping_reads_both_ways(client, funnel):
    page = client.get(f"/funnels/{funnel.slug}/").content.decode()

    for text in ("The order was placed", "A payment failed", "The order becomes", "Only for orders that are"):
        assert text in page
    assert page.count('class="stage-row"') == 12


def test_it_saves_and_says_so(client, funnel):
    response = client.post(f"/funnels/{funnel.slug}/", posted(funnel, packed__name="Ready"), follow=True)

    assert "Saved." in response.content.decode()
    assert stage(funnel, "packed").name == "Ready"


def test_nothing_sent_back_changes_nothing(client, funnel):
    before = version_of(funnel.pk)

    response = client.post(f"/funnels/{funnel.slug}/", posted(funnel), follow=True)

    assert "Nothing was changed." in response.content.decode()
    assert version_of(funnel.pk) == before


def test_buttons_shift_a_stage_without_scripts(client, funnel):
    client.post(f"/funnels/{funnel.slug}/", posted(funnel) | {"up": str(stage(funnel, "packed").pk)})

    slugs = list(funnel.stages.values_list("slug", flat=True))
    assert slugs.index("packed") == slugs.index("picking") - 1


def test_errors_stand_at_their_fields_and_nothing_is_saved(client, funnel):
    changes = {"packed__colour": "red", "new__name": "Fresh"}
    wrong_shape = client.post(f"/funnels/{funnel.slug}/", posted(funnel, **changes))
    contradiction = client.post(f"/funnels/{funnel.slug}/", posted(funnel, picking__status="shipped"))

    assert (wrong_shape.status_code, contradiction.status_code) == (422, 422)
    assert "Write a colour like #2563EB." in wrong_shape.content.decode()
    assert "is not a stage of “Processing”" in contradiction.content.decode()
    assert stage(funnel, "new").name != "Fresh"


def test_a_colleagues_change_is_told(client, funnel):
    form = posted(funnel, packed__name="Mine")
    client.post(f"/funnels/{funnel.slug}/", posted(funnel, packed__name="Theirs"))

    response = client.post(f"/funnels/{funnel.slug}/", form)

    assert response.status_code == 409
    assert "Somebody else changed this board meanwhile" in response.content.decode()
    assert stage(funnel, "packed").name == "Theirs"


def test_cards_in_the_way_are_asked_about(client, funnel, shop):
    order = make_order(shop, status=Status.PROCESSING)
    packed = stage(funnel, "packed")
    Deal.objects.filter(order=order).update(stage=packed)

    asked = client.post(f"/funnels/{funnel.slug}/", posted(funnel, packed__status="shipped"))
    answer = posted(funnel, packed__status="shipped", move_cards="on")
    told = client.post(f"/funnels/{funnel.slug}/", answer, follow=True)

    assert asked.status_code == 422
    assert "1 card on “" in asked.content.decode()
    assert "1 card was moved." in told.content.decode()
    assert Deal.objects.get(order=order).stage.slug == "picking"


def test_others_read_only(client, funnel, shop):
    client.force_login(make_user(shop, Role.MANAGER))

    page = client.get(f"/funnels/{funnel.slug}/").content.decode()

    assert "Only admins and supervisors of the shop can change its boards." in page
    assert "All of this page is saved at once." not in page


def test_a_stage_is_added(client, funnel):
    form = {"name": "Labelled", "status": "processing", "version": version_of(funnel.pk)}

    response = client.post(f"/funnels/{funnel.slug}/stages/", form)
    again = client.post(f"/funnels/{funnel.slug}/stages/", form | {"version": version_of(funnel.pk)})

    assert response["Location"].endswith(f"#stage-{stage(funnel, 'labelled').pk}")
    assert again.status_code == 422
    assert "could not tell the two apart" in again.content.decode()


def test_only_stages_that_agree_are_offered(client, funnel, shop):
    make_order(shop, status=Status.PROCESSING)
    picking = stage(funnel, "picking")

    page = client.get(f"/funnels/{funnel.slug}/stages/{picking.pk}/").content.decode()

    assert f'value="{stage(funnel, "packed").pk}"' in page
    assert f'value="{stage(funnel, "shipped").pk}"' not in page
    assert 'value="status"' not in page


def test_a_stage_is_deleted_step_by_step_with_progress(client, funnel, shop, monkeypatch):
    step = emptying.empty_stage
    monkeypatch.setattr(emptying, "empty_stage", lambda **options: step(limit=1, **options))
    for _ in range(2):
        make_order(shop, status=Status.PROCESSING)
    picking, packed = stage(funnel, "picking"), stage(funnel, "packed")
    url, form = f"/funnels/{funnel.slug}/stages/{picking.pk}/", {"to": str(packed.pk), "delete": "1"}

    first = client.post(url, form).content.decode()
    done = client.post(url, form | {"moved": "1"}, follow=True).content.decode()

    assert "1 card moved so far." in first
    assert "1 to go." in first
    assert "is deleted; 2 cards were moved." in done
    assert Deal.objects.filter(stage=packed).count() == 2


def test_deleting_asks_where_the_cards_go(client, funnel, shop):
    make_order(shop, status=Status.PROCESSING)
    picking = stage(funnel, "picking")

    response = client.post(f"/funnels/{funnel.slug}/stages/{picking.pk}/", {"delete": "1"})

    assert response.status_code == 422
    assert Stage.objects.filter(pk=picking.pk).exists()


def test_boards_are_added_copied_and_switched(client, funnel, shop):
    url = f"/shops/{shop.slug}/funnels/"
    client.post(url, {"name": "Second", "start": "sales"})
    second = Funnel.objects.get(shop=shop, name="Second")

    client.post(f"/funnels/{second.slug}/do/", {"do": "on"})
    refused = client.post(f"/funnels/{funnel.slug}/do/", {"do": "off"}, follow=True)
    taken = client.post(url, {"name": "second", "start": "sales"})

    assert Funnel.objects.get(pk=second.pk).is_active
    assert "Choose another board for them first." in refused.content.decode()
    assert taken.status_code == 422
    assert "The shop has a board “second” already." in taken.content.decode()


def test_another_shops_board_is_nowhere(client, funnel):
    other = Funnel.objects.get(shop=make_shop("PL"), is_default=True)

    answers = [
        client.get(f"/funnels/{other.slug}/"),
        client.post(f"/funnels/{other.slug}/do/", {"do": "copy"}),
        client.get(f"/shops/{other.shop.slug}/funnels/"),
        client.get(f"/funnels/{funnel.slug}/stages/{other.stages.first().pk}/"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


def test_an_order_is_put_on_the_board_from_its_page(client, funnel, shop):
    Funnel.objects.filter(pk=funnel.pk).update(creates_deals=False)
    order = make_order(shop)

    before = client.get(f"/orders/{order.number}/").content.decode()
    told = client.post(f"/orders/{order.number}/board/", follow=True).content.decode()

    assert "Put on a board" in before
    assert "Put on a board" not in told
    assert Deal.objects.get(order=order).funnel == funnel


def test_drift_is_put_right_from_its_page(client, funnel, shop):
    order = make_order(shop)
    Deal.objects.filter(order=order).update(stage=stage(funnel, "shipped"))
    url = f"/funnels/{funnel.slug}/drift/"

    page = client.get(url).content.decode()
    done = client.post(url, {"deal": str(Deal.objects.get(order=order).pk)}, follow=True)

    assert "but its card stands in" in page
    assert "Every card stands where its order says." in done.content.decode()
    assert Deal.objects.get(order=order).stage.slug == "new"


def test_drift_names_only_what_the_person_sees(client, funnel, shop):
    new, picked, bare = make_order(shop), make_order(shop, status=Status.PROCESSING), make_order(shop)
    Deal.objects.filter(order__in=[new, picked]).update(stage=stage(funnel, "shipped"))
    Deal.objects.filter(order=bare).delete()
    client.force_login(make_user(shop, Role.WAREHOUSE))

    page = client.get(f"/funnels/{funnel.slug}/drift/").content.decode()

    assert picked.number in page
    assert new.number not in page
    assert bare.number not in page


@pytest.mark.parametrize("path", ["", "drift/", "stages/{stage}/"])
def test_pages_cost_the_same_however_many_cards_there_are(client, funnel, shop, path):
    url = f"/funnels/{funnel.slug}/{path.format(stage=stage(funnel, 'new').pk)}"
    make_order(shop)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for _ in range(4):
        make_order(shop)

    with CaptureQueriesContext(connection) as many:
        client.get(url)

    assert len(few) == len(many) <= 20
