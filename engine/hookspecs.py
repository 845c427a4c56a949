"""The hooks that plugins may implement.

A hook of an event takes any of ``event, message, conversation, contact, documents, settings,
rng`` and returns, or yields, actions made by `engine.action` (or nothing). It must not look at a
clock, do I/O or draw chance of its own: time is ``event["at"]``, chance is ``rng``.

- ``event``: the fact, a dict (``id, type, at, occurred_at, account, origin, data``);
- ``message``, ``conversation``, ``contact``: the documents that it is about, as they stand at the
  start of the round, or None;
- ``documents``: all documents, a read-only TinyDB;
- ``settings``: this plugin's own settings, a dict;
- ``rng``: a `random.Random` seeded for this call.

A plugin may implement hooks for its own, or others', consequences under the name of the
consequence with ``_`` for ``.`` (``labels.added`` is ``labels_added``): they take the same.
"""

# mypy: allow-untyped-defs

import pluggy

PROJECT = "replyai"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def message_received(event, message, conversation, contact, documents, settings, rng):
    """Called when a customer's message was recorded, once per message; may return actions.

    ``event["origin"]`` is ``live`` or ``history``; nothing should be answered to history.
    """


@hookspec
def message_sent(event, message, conversation, contact, documents, settings, rng):
    """Called when a message of our own was seen that we did not send (typed on the phone);
    may return actions.
    """


@hookspec
def message_queued(event, message, conversation, contact, documents, settings, rng):
    """Called when a message waits to be sent, new or again by a person's wish; may return actions."""


@hookspec
def message_status(event, message, conversation, contact, documents, settings, rng):
    """Called when a gateway told how far a message got; may return actions.

    ``message`` is the first of those it named.
    """


@hookspec
def message_confirmed(event, message, conversation, contact, documents, settings, rng):
    """Called when it became known what happened to an unconfirmed message; may return actions.

    The gateway or a person told; ``message["status"]`` is what it is now.
    """


@hookspec
def message_reaction(event, message, conversation, contact, documents, settings, rng):
    """Called when somebody put an emoji on a message or took it back; may return actions."""


@hookspec
def message_edited(event, message, conversation, contact, documents, settings, rng):
    """Called when a message's text was changed by its author; may return actions."""


@hookspec
def message_deleted(event, message, conversation, contact, documents, settings, rng):
    """Called when a message was taken back by its author; may return actions."""


@hookspec(firstresult=True)
def conversation_route(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation is new, open again or handed over to people; the first plugin that
    returns actions decides who takes it. If none does, it waits in the queue.

    On a hand-over ``data["without_bot"]`` is true: bots answer nothing; ``team``, ``agent`` and ``skill``
    say who is wanted. A conversation that a snooze gave back to its agent has that ``assignee`` already.
    """


@hookspec
def conversation_opened(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation is new or open again; may return actions.

    ``data`` is ``{conversation, episode}``, and ``before``: who had it, where it is open again.
    """


@hookspec
def conversation_handed_over(event, message, conversation, contact, documents, settings, rng):
    """Called when a bot, or who had it, let go of a conversation for people to take; may return actions.

    ``data`` is ``{conversation, team, agent, skill, note, before, without_bot}``. A bot's session ends here.
    """


@hookspec
def agent_presence(event, message, conversation, contact, documents, settings, rng):
    """Called when an agent came, went idle, went, or said to be available or away; may return actions.

    ``data`` is ``{agent, state}``; what counts is `engine.presence.of` the agent's document.
    """


@hookspec
def conversation_assigned(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation got another owner; may return actions.

    ``data`` is ``{conversation, agent, before}``.
    """


@hookspec
def conversation_resolved(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation was resolved; may return actions.

    ``data`` is ``{conversation, episode}``.
    """


@hookspec
def conversation_snoozed(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation was put away until a time; may return actions.

    ``data`` is ``{conversation, until}``.
    """


@hookspec
def assignment_queued(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation began to wait for a person of a team; may return actions.

    ``data`` is ``{conversation, team, agent, skill, before, opens_at}``.
    """


@hookspec
def assignment_look(event, message, conversation, contact, documents, settings, rng):
    """Called when people may be free for what waits, once a round; may return actions.

    ``data`` may have ``only``, the conversations that began to wait where nobody got room.
    """


@hookspec
def assignment_out_of_hours(event, message, conversation, contact, documents, settings, rng):
    """Called when a conversation began to wait while its team is closed; may return actions.

    ``data`` is ``{conversation, team, opens_at, holiday}``; the last two may be null.
    """


@hookspec
def sla_warned(event, message, conversation, contact, documents, settings, rng):
    """Called when a response time is nearly over; may return actions.

    ``data`` is ``{conversation, kind, due, minutes, assignee, team, episode}``; ``kind`` is ``first`` or
    ``next``.
    """


@hookspec
def sla_breached(event, message, conversation, contact, documents, settings, rng):
    """Called when a response time is over without an answer; may return actions.

    ``data`` is as in `sla_warned`.
    """


@hookspec
def labels_added(event, message, conversation, contact, documents, settings, rng):
    """Called when a label was put on a conversation; may return actions.

    ``data`` is ``{conversation, label}``.
    """


@hookspec
def labels_removed(event, message, conversation, contact, documents, settings, rng):
    """Called when a label was taken off a conversation; may return actions.

    ``data`` is ``{conversation, label}``.
    """


@hookspec
def campaign_replied(event, message, conversation, contact, documents, settings, rng):
    """Called when a customer answered a campaign's message; may return actions.

    ``data`` is ``{conversation, campaign}``.
    """


@hookspec
def flow_node_entered(event, message, conversation, contact, documents, settings, rng):
    """Called for each node of a flow that a conversation passed; may return actions.

    ``data`` is ``{conversation, version, node}``.
    """


@hookspec
def flow_moved(event, message, conversation, contact, documents, settings, rng):
    """Called when a flow took a step; may return actions.

    ``data`` is ``{conversation, do, rev, why}``; ``do`` is what the step decided.
    """


@hookspec
def flow_ended(event, message, conversation, contact, documents, settings, rng):
    """Called when a flow came to its end in a conversation; may return actions.

    ``data`` is ``{conversation, ended}``.
    """


@hookspec
def contact_upserted(event, message, conversation, contact, documents, settings, rng):
    """Called when a gateway told of a contact (address book or profile); may return actions."""


@hookspec
def contact_erased(event, message, conversation, contact, documents, settings, rng):
    """Called when a contact's data was erased; may return actions.

    ``data`` is ``{contact, documents, media, rows}``; ``documents`` is collection → ids of what was erased.
    The conversations are still there, closed.
    """


@hookspec
def contact_merged(event, message, conversation, contact, documents, settings, rng):
    """Called when two contacts became one; may return actions.

    ``data`` is ``{contact, into, evidence}``: the one that is gone, the one that it is now, and what the
    engine knows it by (``{lid, chat}``), null where a person said so. Documents of plugins that name the
    former in a field ``contact`` name the latter already.
    """


@hookspec
def contact_alias_moved(event, message, conversation, contact, documents, settings, rng):
    """Called when a LID turned out to be somebody else's than was thought; may return actions.

    ``data`` is ``{contact, before, alias}``: who has the alias now, with the conversations of it, and who
    had it. Both have numbers of their own, so they were not made one.
    """


@hookspec
def conversation_merged(event, message, conversation, contact, documents, settings, rng):
    """Called when two conversations became one, since their chats turned out to be one; may return actions.

    ``data`` is ``{conversation, into}``: the one that is gone, and the one that it is now. Messages, and
    documents of plugins that name the former in a field ``conversation``, are with the latter already.
    """


@hookspec
def session_state(event, message, conversation, contact, documents, settings, rng):
    """Called when a number's connection changed; may return actions.

    ``data`` is ``{state, reason_code}``.
    """


@hookspec
def timer_fired(event, message, conversation, contact, documents, settings, rng):
    """Called when a timer of this plugin is due; ``data`` is ``{plugin, name, data}``; may return actions.

    Only the plugin that set the timer hears of it.
    """


@hookspec
def job_finished(event, message, conversation, contact, documents, settings, rng):
    """Called when a job came to an end; ``data`` is ``{job, name, args, result, state}``; may return actions.

    ``state`` is ``done``, ``lost`` (a worker began it and never told) or ``cancelled``.
    """


@hookspec
def clock_jumped(event, message, conversation, contact, documents, settings, rng):
    """Called when the wall clock was put forward, by ``data["seconds"]``; may return actions.

    The events from the next one on show it. What is to keep its length in spite of it is moved here.
    """


@hookspec
def plugins_switched(event, message, conversation, contact, documents, settings, rng):
    """Called when a plugin was switched or set otherwise; may return actions.

    ``data`` is ``{plugin, enabled}``.
    """


@hookspec
def gateways():
    """Called once at start: return the adapters (`engine.Gateway`) that this plugin brings."""


@hookspec
def jobs():
    """Called once at start: return name → function of ``(args, context)`` that workers may run.

    ``args`` is the JSON that the action gave, ``context`` an `engine.perform.Context`; what the
    function returns (JSON) comes back as ``job.finished``. No other code does I/O.
    """


@hookspec
def commands():
    """Called when the command line is asked for one that the core does not have: return the `click`
    commands and groups that this plugin brings to ``replyai``.
    """


@hookspec
def replay_drafts():
    """Called by ``replyai replay``: return name → (put, tell) for its options ``--name FILE``: what is
    tried out on the past. put(documents, text) gives the documents that are there from the start,
    collection → list, for the text of FILE; tell(report) yields lines about what came of them.
    """


@hookspec
def benches():
    """Called by ``replyai bench``: return name → figures, functions of an `engine.bench.Bench` that yield
    `engine.bench.row`.
    """


@hookspec
def forecasts():
    """Called when it is asked when messages would leave: return a function that tells.

    It takes ``(connection, documents, account, supports, planned, at, ahead=None, others=(), now=at)``.

    connection: any to the workspace's file; documents: a read-only TinyDB on it; account: a number's
    document; supports: what its gateway can do; planned: ``[{"length", "phone", "stranger", "message"}]`` in
    order, those first of which a *message* (its id) waits already; the others are asked for from *at* on in
    the lane ``campaign``, so that *ahead* wait at once (None: all). others: ``[{"planned", "at", "ahead"}]``,
    what else is to leave this number in that lane, besides what waits there *now*.

    It returns ``{"times": [RFC 3339 | None], "preset", "day_limit", "new_limit", "share", "paused", "down",
    "others"}``: None for what would not leave within a year, and how many of *others* leave before the last
    of *planned*.
    """
