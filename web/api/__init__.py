"""REST under ``/api``: the same data and rules as the pages, for programs."""

from flask import Flask
from flask_smorest import Api

from . import accounts, contacts, conversations, docs, messages, plugins, search, team, tokens

BLUEPRINTS = tuple(
    module.blueprint
    for module in (conversations, messages, contacts, search, accounts, team, plugins, tokens)
)


def register(app: Flask) -> Api:
    """Put the core's routes and their description on *app*; return the Api for those of plugins."""
    app.config.update(
        API_TITLE="ReplyAI",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "security": [{"bearer": []}],
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    )
    api = Api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
    app.extensions["replyai_api"] = api
    return api
