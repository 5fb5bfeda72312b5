from django.db import migrations, models


class Migration(migrations.Migration):
    """The deals that entered a board within a period are found by their time."""

    dependencies = [("crm", "0006_deals_made_by_hand")]

    operations = [
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["funnel", "created_at"], name="deals_of_a_cohort"),
        ),
    ]
