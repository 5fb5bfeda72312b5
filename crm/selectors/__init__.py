"""Reading the board: funnels, columns and cards, what changed, and a deal's timeline."""
