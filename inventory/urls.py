"""Addresses of the stock pages."""

from django.urls import path

from inventory.views import (
    analysis,
    counting,
    counts,
    ledger,
    low,
    movements,
    product,
    products,
    settings,
    waiting,
    warehouses,
)

app_name = "inventory"

urlpatterns = [
    path("stock/", products.stock, name="stock"),
    path("stock/products/new/", product.new_product, name="product-new"),
    path("stock/products/<int:product_id>/", product.product, name="product"),
    path("stock/products/<int:product_id>/edit/", product.edit_product, name="product-edit"),
    path("stock/products/<int:product_id>/delete/", product.delete_product, name="product-delete"),
    path(
        "stock/products/<int:product_id>/safety-stock/<int:warehouse_id>/",
        product.safety_stock,
        name="safety-stock",
    ),
    path("stock/warehouses/", warehouses.warehouses, name="warehouses"),
    path("stock/warehouses/<int:warehouse_id>/rename/", warehouses.rename_warehouse, name="warehouse-rename"),
    path("stock/warehouses/<int:warehouse_id>/default/", warehouses.make_default, name="warehouse-default"),
    path("stock/receive/", movements.movement, {"slug": "receive"}, name="receive"),
    path("stock/write-off/", movements.movement, {"slug": "write-off"}, name="write-off"),
    path("stock/adjust/", movements.movement, {"slug": "adjust"}, name="adjust"),
    path("stock/transfer/", movements.movement, {"slug": "transfer"}, name="transfer"),
    path("stock/return/", movements.movement, {"slug": "return"}, name="return"),
    path("stock/waiting/", waiting.waiting, name="waiting"),
    path("stock/movements/", ledger.ledger, name="movements"),
    path("stock/low/", low.low, name="low"),
    path("stock/abc/", analysis.abc, name="abc"),
    path("stock/abc/compute/", analysis.compute_figures, name="compute-figures"),
    path("stock/abc/run/", analysis.figures_run, name="figures-run"),
    path("stock/slow/", analysis.slow, name="slow"),
    path("stock/value/", analysis.value, name="value"),
    path("stock/reorder/", analysis.reorder, name="reorder"),
    path("stock/reorder.csv", analysis.reorder_csv, name="reorder-csv"),
    path("stock/settings/", settings.stock_settings, name="settings"),
    path("stock/counts/", counts.counts, name="counts"),
    path("stock/counts/new/", counts.open_one, name="count-open"),
    path("stock/counts/<int:count_id>/", counts.review, name="count"),
    path("stock/counts/<int:count_id>/count/", counting.desk, name="count-desk"),
    path("stock/counts/<int:count_id>/count/undo/", counting.undo, name="count-undo"),
    path("stock/counts/<int:count_id>/finish/", counts.change, {"verb": "finish"}, name="count-finish"),
    path("stock/counts/<int:count_id>/resume/", counts.change, {"verb": "resume"}, name="count-resume"),
    path("stock/counts/<int:count_id>/cancel/", counts.change, {"verb": "cancel"}, name="count-cancel"),
    path("stock/counts/<int:count_id>/recount/", counts.recount, name="count-recount"),
    path("stock/counts/<int:count_id>/post/", counts.post, name="count-post"),
    path("stock/counts/<int:count_id>/sheet/", counts.sheet, name="count-sheet"),
    path("stock/counts/<int:count_id>.csv", counts.sheet_csv, name="count-csv"),
]
