"""SQLite for many threads: Django's backend, where the write transactions of one process wait in a fair queue."""
