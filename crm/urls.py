"""Addresses of the managers' workspace: the board's own, and the pages around orders, customers and shops."""

from __future__ import annotations

from django.urls import path

from crm import page_urls
from crm.views import board, deals

app_name = "crm"

urlpatterns = [
    path("", board.home, name="home"),
    path("board/<slug:slug>/", board.board, name="board"),
    path("board/<slug:slug>/changes/", board.changes, name="board-changes"),
    path("board/<slug:slug>/stages.css", board.stage_styles, name="stage-styles"),
    path("deals/<int:deal_id>/", deals.deal, name="deal"),
    path("deals/<int:deal_id>/move/", deals.move, name="deal-move"),
    path("deals/<int:deal_id>/claim/", deals.claim, name="deal-claim"),
    path("deals/<int:deal_id>/release/", deals.release, name="deal-release"),
    path("deals/<int:deal_id>/comments/", deals.comment, name="deal-comment"),
    path("moves/<uuid:move_id>/undo/", deals.undo, name="move-undo"),
    *page_urls.urlpatterns,
]
