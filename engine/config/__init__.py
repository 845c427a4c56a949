"""Config: the environment, then ``replyai.toml``; checked before anything starts.

What the settings page wrote (a document) and the defaults come after these two; they are
not read here.
"""

from engine.config.check import validate
from engine.config.load import load
from engine.config.model import Config, ConfigError, WorkspaceConfig
from engine.config.template import write_template

__all__ = ["Config", "ConfigError", "WorkspaceConfig", "load", "validate", "write_template"]
