"""How sync itself is doing: it only reads."""
