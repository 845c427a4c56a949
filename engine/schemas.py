"""The core's documents, and the schemas of the core's actions."""

from marshmallow import ValidationError, fields, validate

from engine import presence
from engine.actions import ActionSchema, LooseSchema
from engine.documents import Collection
from engine.gateways import BUTTON_TITLE, BUTTONS, BUTTONS_TEXT

STATUSES = ("open", "snoozed", "resolved")
HANDLERS = ("bot", "agent", "queue", "nobody")
ROLES = ("admin", "supervisor", "agent", "integrator")
LANGUAGES = ("id", "en")
THEMES = ("auto", "light", "dark")
TEXT_LIMIT = 65536


class Conversation(LooseSchema):
    """One per (account, chat), for good."""

    id = fields.String(required=True)
    account = fields.String(required=True)
    chat = fields.String(required=True, metadata={"description": "canonical chat id"})
    contact = fields.String(required=True)
    status = fields.String(validate=validate.OneOf(STATUSES))
    handler = fields.String(validate=validate.OneOf(HANDLERS))
    assignee = fields.String(allow_none=True)
    team = fields.String(allow_none=True)
    episode = fields.Integer()
    unread = fields.Integer()
    labels = fields.List(fields.String())
    last_message_at = fields.String(allow_none=True)
    last_message = fields.Dict(allow_none=True)
    created_at = fields.String()


class Message(LooseSchema):
    """What was said, in either direction."""

    id = fields.String(required=True)
    conversation = fields.String(required=True)
    direction = fields.String(validate=validate.OneOf(("in", "out")))
    kind = fields.String()
    text = fields.String(allow_none=True)
    media = fields.Dict(allow_none=True)
    buttons = fields.List(fields.Dict(), metadata={"description": "``{id, title}``; only where it has some"})
    status = fields.String()
    at = fields.String()
    author = fields.Dict()
    why = fields.String(allow_none=True)


COLLECTIONS = (
    Collection("workspace"),
    Collection("account"),
    Collection(
        "contact",
        indexes=(("phone",), ("name:lower",), ("blocked",), ("opted_out",)),
        lists=("aliases",),
        search=("name",),
        infix=("name", "phone"),
    ),
    Collection(
        "conversation",
        Conversation,
        indexes=(
            ("last_message_at",),
            ("status", "last_message_at"),
            ("assignee", "status", "last_message_at"),
            ("handler", "last_message_at"),
            ("account", "chat"),
            ("contact",),
            ("team", "status", "last_message_at"),
            ("team", "handler", "last_message_at"),
            ("assignee", "status", "team"),
        ),
        lists=("labels",),
        always=("assignee", "team"),
        whole=("unread",),
        beside=("status", "assignee", "team", "handler"),
    ),
    Collection(
        "message",
        Message,
        indexes=(
            ("conversation", "at"),
            ("account", "gateway_id"),
            ("account", "status", "lane", "at"),
            ("account", "status", "lane", "sender.due"),
            ("conversation", "status"),
            ("status",),
            ("client_id",),
        ),
        search=("text",),
    ),
    Collection("media", indexes=(("hash",),)),
    Collection("agent", indexes=(("email",), ("role",))),
    Collection("team"),
    Collection("plugin"),
    Collection("job", indexes=(("state", "created_at"), ("action",))),
    Collection("timer", indexes=(("due",),)),
    Collection("merged", indexes=(("into",),)),
    Collection("parked", indexes=(("account", "chat"),)),
    Collection("problem", indexes=(("plugin", "at"), ("kind", "at"))),
)


class OfConversation(ActionSchema):
    """An action on one conversation."""

    conversation = fields.String(required=True)


class Assign(OfConversation):
    """Give a conversation to an agent (null: back to the queue) and, if named, a team."""

    agent = fields.String(required=True, allow_none=True)
    team = fields.String(allow_none=True)


class HandOver(OfConversation):
    """The bot lets go: people of a team, or one of them, take it from here."""

    team = fields.String(load_default=None, allow_none=True)
    agent = fields.String(load_default=None, allow_none=True)
    skill = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=100),
        metadata={"description": "what the one who takes it has to know"},
    )
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class Snooze(OfConversation):
    """Put a conversation away until a time (RFC 3339)."""

    until = fields.String(required=True)


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("it says nothing")


class Button(ActionSchema):
    """One answer that a customer may press. id: what comes back of it; title: what it says."""

    id = fields.String(required=True, validate=validate.Length(min=1, max=256))
    title = fields.String(required=True, validate=[validate.Length(min=1, max=BUTTON_TITLE), _not_blank])


def _differ(options: list[dict[str, str]]) -> None:
    for key in ("id", "title"):
        if len({option[key] for option in options}) < len(options):
            raise ValidationError(f"two buttons have the same {key}")


class Buttons(ActionSchema):
    """A text with buttons, for gateways that have them."""

    text = fields.String(required=True, validate=[validate.Length(min=1, max=BUTTONS_TEXT), _not_blank])
    options = fields.List(
        fields.Nested(Button), required=True, validate=[validate.Length(min=1, max=BUTTONS), _differ]
    )


class Send(OfConversation):
    """Say something to the customer."""

    text = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=TEXT_LIMIT))
    buttons = fields.Nested(
        Buttons,
        allow_none=True,
        metadata={
            "description": "where the number's gateway has buttons, this text is said with them;"
            " else text, which says all of it without"
        },
    )
    kind = fields.String(load_default="text")
    media = fields.Dict(allow_none=True, load_default=None)
    reply_to = fields.String(allow_none=True, load_default=None, metadata={"description": "a message's id"})
    client_id = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=200))
    lane = fields.String(
        load_default="automatic",
        validate=validate.OneOf(("automatic", "campaign")),
        metadata={
            "description": "campaign: it waits behind all others, keeps every rule of the pace, answers"
            " nobody and is refused for who opted out; else a person's or program's message leaves as an"
            " agent's, a plugin's as an automatic one"
        },
    )


class Start(ActionSchema):
    """Write to a contact on a number of ours, whether there is a conversation yet or not."""

    contact = fields.String(required=True)
    account = fields.String(required=True)
    chat = fields.String(load_default=None, allow_none=True, metadata={"description": "one of its aliases"})
    text = fields.String(required=True, validate=validate.Length(min=1, max=TEXT_LIMIT))
    client_id = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=200))
    lane = fields.String(
        load_default="automatic",
        validate=validate.OneOf(("automatic", "campaign")),
        metadata={"description": "as of message.send; a campaign opens nothing in the inbox"},
    )


class OfMessage(ActionSchema):
    """An action on one message."""

    message = fields.String(required=True)


class ResolveUnconfirmed(OfMessage):
    """A person's word on a message whose fate is not known."""

    verdict = fields.String(required=True, validate=validate.OneOf(("sent", "send_again")))


class ContactUpdate(ActionSchema):
    """The agents' own name for a contact; null takes it back."""

    contact = fields.String(required=True)
    name = fields.String(required=True, allow_none=True, validate=validate.Length(max=200))


class OfContact(ActionSchema):
    """An action on one contact."""

    contact = fields.String(required=True)


class WhyContact(OfContact):
    """An action on one contact, with a reason for people to read."""

    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class OptOut(WhyContact):
    """A contact's wish for no more messages, and how it came to be known."""

    source = fields.String(load_default="agent", validate=validate.OneOf(("word", "agent", "import", "api")))


class AgentInvite(ActionSchema):
    """A new person in the team; the invitation link is made apart."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    email = fields.Email(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    language = fields.String(load_default="id", validate=validate.OneOf(LANGUAGES))
    teams = fields.List(fields.String(), load_default=list)
    active = fields.Boolean(load_default=True)


class OfAgent(ActionSchema):
    """An action on one agent."""

    agent = fields.String(required=True)


class AgentUpdate(OfAgent):
    """What may change of an agent."""

    name = fields.String(validate=validate.Length(min=1, max=100))
    role = fields.String(validate=validate.OneOf(ROLES))
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    theme = fields.String(validate=validate.OneOf(THEMES))
    teams = fields.List(fields.String())


class Availability(OfAgent):
    """An agent's own word: as the browsers tell, available though no page is open, or away."""

    available = fields.String(required=True, validate=validate.OneOf(presence.CHOICES))
    until = fields.String(load_default=None, allow_none=True, metadata={"description": "RFC 3339"})


class TeamPut(ActionSchema):
    """A team by name; with an id, its new name."""

    team = fields.String(load_default=None, allow_none=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))


class AccountPut(ActionSchema):
    """One WhatsApp number on one gateway; its secrets are stored before, elsewhere."""

    name = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,62}$"))
    gateway = fields.String(required=True)
    title = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    settings = fields.Dict(load_default=dict)
    secrets = fields.List(fields.String(), load_default=list)
    source = fields.String(load_default="api", validate=validate.OneOf(("file", "api")))


class OfAccount(ActionSchema):
    """An action on one account."""

    account = fields.String(required=True)


class AccountState(OfAccount):
    """How a number's connection is, where its gateway is a plugin's own."""

    state = fields.String(required=True)


class PluginSet(ActionSchema):
    """Switch a plugin on or off, or change its settings, from the settings page."""

    plugin = fields.String(required=True)
    enabled = fields.Boolean()
    settings = fields.Dict()


class WorkspaceUpdate(ActionSchema):
    """What a workspace says of itself."""

    name = fields.String(validate=validate.Length(min=1, max=100))
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    timezone = fields.String()
    region = fields.String(validate=validate.Length(equal=2))
    presence_grace = fields.Integer(validate=validate.Range(5, 3600))


class TimerSet(ActionSchema):
    """A due time at which ``timer.fired`` happens; the same name again moves it."""

    name = fields.String(required=True)
    due = fields.String(required=True)
    data = fields.Dict(load_default=dict)


class TimerCancel(ActionSchema):
    """Take a timer back."""

    name = fields.String(required=True)


class JobRun(ActionSchema):
    """Have a worker do I/O; what comes of it returns as ``job.finished``."""

    name = fields.String(required=True)
    args = fields.Dict(load_default=dict)
    queue = fields.String(load_default="work", validate=validate.OneOf(("send", "work")))
    deadline = fields.Float(load_default=60.0)


class SignalSend(ActionSchema):
    """Something that matters only now, for the browsers."""

    type = fields.String(required=True)
    data = fields.Dict(load_default=dict)
