"""What the functions do, one module a use case: called with plain values, told the time and the deadline."""
