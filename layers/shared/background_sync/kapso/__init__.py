"""A thin client of Kapso's HTTP API. Only code that asks Kapso imports it."""
