"""The addresses of the whole site. Each app brings its own; the house adds admin, health and metrics."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve

from oms.api import api
from oms.health import healthz, metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}, name="media"),
    path("", include("shops.urls")),
    path("", include("inventory.urls")),
    path("", include("orders.imports.urls")),
    path("", include("notifications.urls")),
    path("", include("crm.urls")),
]
