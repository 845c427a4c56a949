"""Documentation, some of it made from the code."""
