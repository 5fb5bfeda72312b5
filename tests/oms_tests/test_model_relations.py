"""The one-way graph, as seen by the database: no row of a lower app points at, or can be looked up from, a higher one."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Field, Model

# From the top down; a relation may point at the same app or a later one.
CHAIN = ["crm", "notifications", "imports", "orders", "inventory", "shops"]
Relation = tuple[type[Model], "Field[object, object]"]


def relations() -> Iterator[Relation]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in CHAIN:
            continue
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and isinstance(field.related_model, type):
                yield model, field


def described(relation: Relation) -> str:
    model, field = relation
    return f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"


def test_it_finds_the_relations_it_judges() -> None:
    found = {described(relation) for relation in relations()}

    assert "shops.Membership.user → shops.User" in found


def test_no_relation_points_up_the_chain() -> None:
    upwards = [
        described((model, field))
        for model, field in relations()
        if field.related_model._meta.app_label in CHAIN
        and CHAIN.index(field.related_model._meta.app_label) < CHAIN.index(model._meta.app_label)
    ]

    assert upwards == []


def test_a_relation_that_crosses_apps_cannot_be_followed_back() -> None:
    reversible = [
        described((model, field))
        for model, field in relations()
        if field.related_model._meta.app_label in CHAIN
        and field.related_model._meta.app_label != model._meta.app_label
        and not field.remote_field.hidden
    ]

    assert reversible == []
