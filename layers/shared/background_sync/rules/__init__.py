"""The rules, as pure functions of plain values: no clock, no network, no AWS library."""
