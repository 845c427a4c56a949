"""Stand-ins for what ReplyAI talks to: real servers that keep a record."""
