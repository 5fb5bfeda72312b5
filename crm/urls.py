"""Addresses of the managers' workspace: the board's own, and the pages around orders, customers and shops."""

from __future__ import annotations

from django.urls import path

from crm import page_urls
from crm.views import board, bulk, deals, making, reminders, replies, saved, search, work

app_name = "crm"

urlpatterns = [
    path("", board.home, name="home"),
    path("board/<slug:slug>/", board.board, name="board"),
    path("board/<slug:slug>/filters/", board.filters, name="board-filters"),
    path("board/<slug:slug>/changes/", board.changes, name="board-changes"),
    path("board/<slug:slug>/stages.css", board.stage_styles, name="stage-styles"),
    path("board/<slug:slug>/bulk/", bulk.bulk, name="bulk"),
    path("board/<slug:slug>/bulk/claim/", bulk.claim, name="bulk-claim"),
    path("board/<slug:slug>/bulk/column/", bulk.column, name="bulk-column"),
    path("board/<slug:slug>/bulk/unfinished/", bulk.unfinished, name="bulk-unfinished"),
    path("bulk-moves/<uuid:bulk_id>/", bulk.move, name="bulk-move"),
    path("bulk-moves/<uuid:bulk_id>/continue/", bulk.go_on, name="bulk-continue"),
    path("bulk-moves/<uuid:bulk_id>/stop/", bulk.stop, name="bulk-stop"),
    path("bulk-moves/<uuid:bulk_id>/undo/", bulk.undo, name="bulk-undo"),
    path("board/<slug:slug>/deals/new/", making.new_deal, name="new-deal"),
    path("board/<slug:slug>/work/", work.work, name="work"),
    path("board/<slug:slug>/work/undo/", work.undo, name="work-undo"),
    path("board/<slug:slug>/work/<int:deal_id>/<slug:action>/", work.act, name="work-act"),
    path("deals/<int:deal_id>/", deals.deal, name="deal"),
    path("deals/<int:deal_id>/order/", making.order_of_deal, name="deal-order"),
    path("deals/<int:deal_id>/move/", deals.move, name="deal-move"),
    path("deals/<int:deal_id>/claim/", deals.claim, name="deal-claim"),
    path("deals/<int:deal_id>/release/", deals.release, name="deal-release"),
    path("deals/<int:deal_id>/comments/", deals.comment, name="deal-comment"),
    path("deals/<int:deal_id>/changes/", deals.changes, name="deal-changes"),
    path("deals/<int:deal_id>/timeline/", deals.timeline, name="deal-timeline"),
    path("deals/<int:deal_id>/hand-over/", deals.hand_over, name="deal-hand-over"),
    path("deals/<int:deal_id>/calls/", deals.call, name="deal-call"),
    path("deals/<int:deal_id>/tags/", deals.tag, name="deal-tag"),
    path("deals/<int:deal_id>/tags/<int:tag_id>/remove/", deals.untag, name="deal-untag"),
    path("deals/<int:deal_id>/skip/<slug:what>/", deals.skip, name="deal-skip"),
    path("deals/<int:deal_id>/edit/lines/", deals.lines, name="deal-lines"),
    path("deals/<int:deal_id>/edit/<slug:slug>/", deals.edit, name="deal-edit"),
    path("deals/<int:deal_id>/edit/<slug:slug>/<int:target_id>/", deals.edit, name="deal-edit-target"),
    path("deals/<int:deal_id>/read/", replies.read, name="deal-read"),
    path("deals/<int:deal_id>/reminders/", reminders.deal_reminders, name="deal-reminders"),
    path("search/", search.search, name="search"),
    path("reminders/", reminders.reminder_list, name="reminders"),
    path("reminders/<int:reminder_id>/snooze/", reminders.snooze, name="reminder-snooze"),
    path("reminders/<int:reminder_id>/done/", reminders.done, name="reminder-done"),
    path("reminders/<int:reminder_id>/edit/", reminders.edit, name="reminder-edit"),
    path("reminders/<int:reminder_id>/remove/", reminders.remove, name="reminder-remove"),
    path("moves/<uuid:move_id>/undo/", deals.undo, name="move-undo"),
    path("views/", saved.save, name="views-save"),
    path("views/<int:view_id>/", saved.change, name="view-change"),
    *page_urls.urlpatterns,
]
