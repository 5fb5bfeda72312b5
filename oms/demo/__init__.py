"""The invented world of the demo and of mass data: shops, people, goods, and what happens to their orders."""
