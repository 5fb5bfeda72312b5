"""The forms of the stock pages. They check what was typed; what may happen to stock is decided by the services."""
