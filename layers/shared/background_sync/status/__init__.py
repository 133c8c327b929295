"""How sync itself is doing. This wing only reads; `announce` alone marks the sweeps that it announced."""
