"""What the admin leaves out: the timetable of background work is code, and nothing a shop owner could better."""

from django.contrib import admin
from django_celery_beat import models as beat

for model in (
    beat.PeriodicTask,
    beat.ClockedSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.IntervalSchedule,
):
    admin.site.unregister(model)
