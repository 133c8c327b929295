"""What Kapso knows: a thin client of its HTTP API. Only functions that ask Kapso import it."""
