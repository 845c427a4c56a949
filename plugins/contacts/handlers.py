"""What the actions of contacts do to documents."""
