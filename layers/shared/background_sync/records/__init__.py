"""What is kept in the three tables, and the only code that reads and writes them."""
