"""The plugins that come with ReplyAI, one folder each; nothing imports them: pluggy finds them."""
