"""The API of the whole system, put together from what each app offers: keys, problems, documents, one address."""

from __future__ import annotations

from ninja import NinjaAPI

from inventory.api import router as stock
from shops.api import RATE, KeyBearer, KeyThrottle, explain_problems

api = NinjaAPI(
    title="Order management",
    version="1",
    description=(
        "Every request carries the key of one shop: `Authorization: Bearer <key>`. "
        "Refusals are `application/problem+json` and name the field."
    ),
    auth=KeyBearer(),
    throttle=[KeyThrottle(RATE)],
    urls_namespace="api",
    openapi_url="/openapi.json",
    docs_url="/docs",
)
explain_problems(api)
api.add_router("", stock)
