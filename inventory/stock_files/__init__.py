"""Files with products and stock: how they are read, what their columns mean, and how they are written.

They own cells and sentences about cells. They must not know the database: what a row would change is decided by
the services.
"""
