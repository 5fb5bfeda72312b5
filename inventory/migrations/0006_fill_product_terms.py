"""Products that were there before are found by their words too."""

from django.db import migrations

from inventory.models.terms import terms_of

AT_ONCE = 500


def fill_terms(apps, schema_editor):
    Product = apps.get_model("inventory", "Product")
    ProductTerm = apps.get_model("inventory", "ProductTerm")
    rows = []
    for pk, sku, barcode, name, variant in (
        Product.objects.order_by("pk").values_list("pk", "sku", "barcode", "name", "variant").iterator(AT_ONCE)
    ):
        terms = terms_of(sku=sku, barcode=barcode, name=name, variant=variant)
        rows += [ProductTerm(product_id=pk, term=term) for term in sorted(terms)]
        if len(rows) > AT_ONCE:
            ProductTerm.objects.bulk_create(rows)
            rows = []
    ProductTerm.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_product_terms_and_list_indexes")]

    operations = [migrations.RunPython(fill_terms, migrations.RunPython.noop, elidable=True)]
