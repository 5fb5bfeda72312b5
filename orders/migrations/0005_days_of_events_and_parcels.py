from django.db import migrations, models


class Migration(migrations.Migration):
    """What happened on a day is found by its time."""

    dependencies = [("orders", "0004_calls_handovers_and_personal_managers")]

    operations = [
        migrations.AddIndex(
            model_name="orderevent",
            index=models.Index(fields=["kind", "at"], name="events_of_a_day"),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("handed_over_at__isnull", False)),
                fields=["handed_over_at"],
                name="parcels_sent_on_a_day",
            ),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("delivered_at__isnull", False)),
                fields=["delivered_at"],
                name="parcels_arrived_on_a_day",
            ),
        ),
    ]
