"""How sync itself is doing. This wing only reads."""
