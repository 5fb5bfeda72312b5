"""What the admin shows of our models is translatable: names, labels, help texts, choices and sections."""

from collections.abc import Iterator

from django.apps import apps
from django.contrib import admin
from django.db.models import Field, Model
from django.utils.functional import Promise

OURS = {"crm", "notifications", "imports", "orders", "inventory", "shops"}


def our_models() -> Iterator[type[Model]]:
    """Our models that the admin shows, on a page of their own or inside another's."""
    for model, its_admin in admin.site._registry.items():
        for shown in (model, *(inline.model for inline in its_admin.inlines)):
            if shown._meta.app_label in OURS:
                yield shown


def shown_fields() -> Iterator["Field[object, object]"]:
    for model in our_models():
        for field in model._meta.get_fields():
            if isinstance(field, Field) and field.editable and not field.primary_key:
                yield field


def test_every_app_and_model_has_a_translatable_name() -> None:
    plain = [label for label in OURS if not isinstance(apps.get_app_config(label).verbose_name, Promise)]
    for model in our_models():
        if not isinstance(model._meta.verbose_name, Promise):
            plain.append(model._meta.label)

    assert plain == []


def test_every_editable_field_has_a_translatable_label() -> None:
    assert [str(field) for field in shown_fields() if not isinstance(field.verbose_name, Promise)] == []


def test_every_help_text_is_translatable() -> None:
    plain = [
        field for field in shown_fields() if field.help_text and not isinstance(field.help_text, Promise)
    ]

    assert [str(field) for field in plain] == []


def test_every_choice_is_translatable() -> None:
    names_of_languages_and_brands = {
        "language",
        "written_in",
        "country",
        "carrier",
        "courier",
        "source",
        "provider",
    }
    plain = [
        f"{field}: {label}"
        for field in shown_fields()
        if field.choices and field.name not in names_of_languages_and_brands
        for _value, label in field.flatchoices
        if not isinstance(label, Promise)
    ]

    assert plain == []
