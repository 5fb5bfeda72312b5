"""Addresses of the parcel pages, for `crm.page_urls`."""

from __future__ import annotations

from django.urls import path

from crm.services.parcels import PACK, PICK, SHIP
from crm.views.parcels import desk, handover, moves, pick, returns

urlpatterns = [
    path("parcels/", desk.desk, name="parcels"),
    path("parcels/apply/", desk.apply, name="parcels-apply"),
    path("parcels/bad-rows/", desk.bad_rows, name="parcels-bad-rows"),
    path("parcels/ship/", moves.ship, name="parcels-ship"),
    path("parcels/ship/start/", moves.start, {"goal": SHIP}, name="parcels-ship-start"),
    path("parcels/run/", moves.run, name="parcels-run"),
    path("parcels/pick/", pick.pick, name="parcels-pick"),
    path("parcels/pick/papers/", pick.papers, name="parcels-papers"),
    path("parcels/pick/list/", pick.pick_sheet, name="parcels-pick-list"),
    path("parcels/pick/slips/", pick.slip_sheet, name="parcels-slips"),
    path("parcels/pick/start/", moves.start, {"goal": PICK}, name="parcels-pick-start"),
    path("parcels/pick/packed/", moves.start, {"goal": PACK}, name="parcels-packed"),
    path("parcels/handover/", handover.handover, name="parcels-handover"),
    path("parcels/handover/<int:sheet_id>/", handover.sheet, name="parcels-sheet"),
    path("parcels/returns/", returns.returns, name="parcels-returns"),
    path("parcels/returns/settle/", returns.settle, name="parcels-settle"),
    path("parcels/returns/undo/", returns.undo, name="parcels-returns-undo"),
]
