"""Tests read as examples; the fixtures are people and messages with names."""
