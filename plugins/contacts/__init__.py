"""Contacts: the people, apart from the conversations with them."""
