"""The arithmetic of stock, as pure functions of numbers: classes by revenue, and how much to order."""
