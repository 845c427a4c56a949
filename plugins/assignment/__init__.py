"""Assignment: a conversation finds a person who is there, or waits in a queue that is handed out in order."""

from itertools import islice

from engine import action, hookimpl, presence, times, where

from . import choosing, words_told
from .people import People, has_room
from .schemas import EVERYONE

MOST = 100  # that are given out in one transaction; the rest follows in the next
MOST_TOLD = 50


@hookimpl
def conversation_route(event, message, conversation, documents, settings):
    """Put what is new, open again or handed over into its team's queue; who is there takes it from there."""
    data, holder = event["data"], conversation["assignee"]
    if event["origin"] == "history" or (message and message["direction"] == "out"):
        return
    team, why = _team_of(documents, conversation, message, data)
    config = choosing.config_of(documents, team)
    if config is None or (data.get("agent") and config["strategy"] == "manual"):
        return
    if holder and (event["origin"] == "agent" or _keeps(documents, settings, holder)):
        yield action("assignment.settle", conversation=conversation["id"], why="it is open again")
        return
    handed_over = bool(data.get("without_bot"))
    had = data.get("before") or holder
    wanted = {"agent": data.get("agent"), "skill": data.get("skill"), "by" if handed_over else "before": had}
    wanted |= {"waits": handed_over, "freed": handed_over}
    yield action("assignment.enqueue", conversation=conversation["id"], team=team, why=why, **wanted)


def _keeps(documents, settings, agent):
    """Whether an agent who has a conversation again is there for it, and has not too many by that."""
    found = documents.table("agent").get(doc_id=agent)
    return presence.of(found) == presence.ONLINE and has_room(documents, found, settings, more=0)


def _team_of(documents, conversation, message, data):
    name = _team_name(documents, data.get("team") or conversation["team"])
    if data.get("without_bot"):
        team = data.get("team") or conversation["team"] or EVERYONE
        return team, f"handed over{f' to {name}' if name else ''}"
    if conversation["team"]:
        return conversation["team"], f"it is open again, and {name}'s" if data.get(
            "before"
        ) else f"it is {name}'s"
    team, why = choosing.team_for(documents, conversation, (message or {}).get("text"))
    name = _team_name(documents, team)
    return team, f"{f'for {name}: ' if name else ''}{why}"


def _team_name(documents, team):
    found = documents.table("team").get(doc_id=team) if team and team != EVERYONE else None
    return found["name"] if found else ""


@hookimpl
def assignment_look(event, documents, settings):
    """Hand out the queue: the most urgent and oldest first, to people who are there and have room."""
    given = set()
    found = choosing.hand_out(documents, settings, event["at"], event["data"].get("only"))
    for wait, agent, why, turn in islice(found, MOST):
        given.add(wait["id"])
        yield action("assignment.give", conversation=wait["id"], agent=agent, turn=turn, why=why)
    untold = () if len(given) == MOST else list(islice(_untold(documents, given), MOST_TOLD))
    for wait in untold:
        yield from _tell(documents, wait)
    if MOST in (len(given), 2 * len(untold)):
        yield action("assignment.go_on", why="the queue was long")


def _untold(documents, given):
    """Yield those who are to be told that they wait, and still do."""
    how = {"order": "key", "newest_first": False, "limit": MOST + MOST_TOLD}
    page, _ = documents.table("assignment_wait").page(where("tell") == True, **how)  # noqa: E712
    return (wait for wait in page if wait["id"] not in given)


def _tell(documents, wait):
    """Tell a customer where in the queue they are, once."""
    config = choosing.config_of(documents, wait["team"])
    before = (where("team") == wait["team"]) & (where("key") < wait["key"])
    position = documents.table("assignment_wait").count(before) + 1
    why = f"waits for a person: number {position} in the queue"
    if config and config["queue_text"]:
        text = config["queue_text"].replace("{position}", str(position))
        yield action("message.send", conversation=wait["id"], text=text, why=why)
    yield action("assignment.told", conversation=wait["id"], why=why)


@hookimpl
def assignment_out_of_hours(event, conversation, contact, documents):
    """Tell who writes while the team is closed when it opens, once."""
    data = event["data"]
    config = choosing.config_of(documents, data["team"])
    if not config["closed_text"] or conversation.get("assignment.told") == conversation["episode"]:
        return
    calendar = choosing.calendar_of(documents, config)
    opens = times.parse(data["opens_at"]).astimezone(calendar.zone) if data["opens_at"] else None
    own = (contact or {}).get("language") or (contact or {}).get("contacts.language")
    language = own or choosing.workspace_of(documents).get("language")
    text = config["closed_text"].replace("{opens}", words_told.moment(opens, language) if opens else "–")
    yield action("message.send", conversation=conversation["id"], text=text, why=_closed_words(data))
    yield action("assignment.told", conversation=conversation["id"], why=_closed_words(data))


def _closed_words(data):
    return f"the team is closed: {data['holiday']}" if data["holiday"] else "the team is closed"


@hookimpl
def conversation_assigned(event, conversation, documents):
    """Bring in line what a conversation waits for; one that was given back waits again."""
    if event["data"].get("settled"):
        return
    id, team = conversation["id"], conversation["team"] or EVERYONE
    config, wait = choosing.config_of(documents, team), documents.table("assignment_wait").get(doc_id=id)
    if config and conversation["handler"] == "queue" and (wait is None or wait["team"] != team):
        yield action("assignment.enqueue", conversation=id, team=team, freed=True, why="it was given back")
    elif config or wait:
        freed = bool(event["data"].get("before")) or conversation["handler"] != "agent"
        yield action("assignment.settle", conversation=id, freed=freed, why="it has another owner")


def _waits(documents, conversation):
    return documents.table("assignment_wait").get(doc_id=conversation) is not None


def _is_used(documents):
    return bool(documents.table("assignment_team").all())


@hookimpl
def conversation_resolved(conversation, documents):
    """Somebody has room again."""
    if _is_used(documents):
        yield action("assignment.settle", conversation=conversation["id"], why="it is resolved")


@hookimpl
def conversation_snoozed(conversation, documents):
    """Somebody has room again; the response time stands still."""
    if _is_used(documents):
        yield action("assignment.settle", conversation=conversation["id"], why="it is put away")


@hookimpl
def contact_blocked(event, documents):
    """Who is blocked waits for nobody, and who had their conversations has room again."""
    theirs = where("contact") == event["data"]["contact"]
    for conversation in documents.table("conversation").search(theirs) if _is_used(documents) else ():
        yield action("assignment.settle", conversation=conversation["id"], why="the contact is blocked")


@hookimpl
def contact_erased(event, documents):
    """Who is erased waits for nobody, and who had their conversations has room again."""
    for id in event["data"]["documents"].get("conversation", ()) if _is_used(documents) else ():
        yield action("assignment.settle", conversation=id, why="the contact is erased")


@hookimpl
def conversation_merged(event, documents):
    """Two conversations are one: it waits once, and what is due is due once."""
    if _is_used(documents):
        ids = {key: event["data"][key] for key in ("conversation", "into")}
        yield action("assignment.follow", why="two conversations turned out to be one", **ids)


@hookimpl
def agent_presence(event, documents):
    """Who comes takes what waits; who goes loses, after a while, those whose customers wait."""
    agent = documents.table("agent").get(doc_id=event["data"]["agent"])
    if not _is_used(documents):
        return
    if presence.of(agent) == presence.ONLINE:
        yield action("assignment.back", agent=agent["id"], why=f"{agent['name']} is there")
    else:
        yield action("assignment.watch", agent=agent["id"], why=f"{agent['name']} is not there")


def _wake(documents, why):
    if documents.table("assignment_wait").page(order="key", limit=1)[0]:
        yield action("assignment.wake", why=why)


@hookimpl
def agent_updated(documents):
    """Somebody is in another team."""
    yield from _wake(documents, "somebody's teams or role changed")


@hookimpl
def agent_activated(documents):
    """Somebody is switched on again."""
    yield from _wake(documents, "somebody is switched on again")


@hookimpl
def labels_added(conversation, documents):
    """What a conversation asks for may have changed."""
    yield from _relabelled(conversation, documents)


@hookimpl
def labels_removed(conversation, documents):
    """What a conversation asks for may have changed."""
    yield from _relabelled(conversation, documents)


def _relabelled(conversation, documents):
    if _waits(documents, conversation["id"]):
        yield action("assignment.relabel", conversation=conversation["id"], why="its labels changed")


@hookimpl
def message_received(event, conversation, documents):
    """A customer waits from their first message without an answer on."""
    if event["origin"] != "live" or conversation["handler"] not in ("agent", "queue"):
        return
    id, config = conversation["id"], choosing.config_of(documents, conversation["team"])
    if conversation["opened_at"] == event["at"] or config is None:
        return  # it is routed, which is more, or nobody's affair
    if conversation["handler"] == "queue" and not _waits(documents, id):
        yield action("assignment.enqueue", conversation=id, team=config["id"], why="the customer answered")
    elif not conversation.get("assignment.since"):
        yield action("assignment.customer_waits", conversation=id, why="the customer wrote")


@hookimpl
def message_queued(message, conversation, contact, documents):
    """A person answered."""
    if message["author"]["kind"] == "agent":
        yield from _answered(documents, conversation, contact, message["author"]["id"])


@hookimpl
def message_sent(event, message, conversation, contact, documents):
    """Somebody answered on the phone."""
    if message and event["origin"] == "echo_phone":
        yield from _answered(documents, conversation, contact, None)


def _answered(documents, conversation, contact, agent):
    knows = agent in (None, (contact or {}).get("assignment.agent"))
    is_new = conversation.get("assignment.since") or not knows
    if is_new and choosing.config_of(documents, conversation["team"]):
        why = "the customer has an answer"
        yield action("assignment.answered", conversation=conversation["id"], agent=agent, why=why)


@hookimpl
def timer_fired(event, documents, settings):
    """Somebody was gone or silent for too long, an answer is due, a team opens."""
    what, about = event["data"]["name"].partition("/")[0], event["data"]["data"]
    if what == "open":
        yield action("assignment.opened", team=about["team"], why="the team has opened")
    elif what == "more":
        yield from _wake(documents, "the queue was long")
    elif what in ("adopt", "hours"):
        yield action("assignment.go_on_with", why="the queue was long", **about)
    elif what == "held":
        yield from _wake(documents, "a hand-over was kept for long enough")
    elif what == "gone":
        yield from _gone(documents, settings, about["agent"], event["at"])
    elif what == "answer":
        yield from _silent(documents, settings, about)
    else:
        why = "the response time is over" if what == "breach" else "the response time is nearly over"
        yield action(f"assignment.{what}_sla", conversation=about["conversation"], why=why)


def _gone(documents, settings, agent, at):
    """Release what an agent who is still not there owes an answer to; what they got since then, later."""
    people, minutes = People(documents, settings), settings["offline_minutes"]
    if people.state(agent) == presence.ONLINE:
        return
    late = times.add(at, -minutes * 60)
    owed = _owes(documents, agent)
    for conversation in owed:
        config = choosing.config_of(documents, conversation["team"])
        is_late = (conversation.get("assignment.given_at") or "") <= late
        if is_late and config and config["strategy"] != "manual":
            why = f"{people.name(agent)} has been {people.state(agent)} for {words_told.minutes(minutes)}"
            yield from _release(conversation, config, people, why)
    if later := [given for each in owed if (given := each.get("assignment.given_at") or "") > late]:
        until, why = times.add(min(later), minutes * 60), f"{people.name(agent)} is not there"
        yield action("assignment.watch", agent=agent, until=until, why=why)


def _owes(documents, agent):
    """Return an agent's open conversations whose customers wait for an answer."""
    theirs = (where("assignee") == agent) & (where("status") == "open")
    found = documents.table("conversation").search(theirs)
    return [conversation for conversation in found if conversation.get("assignment.since")]


def _release(conversation, config, people, why):
    moves = (conversation.get("assignment.moves") or 0) + 1
    up = bool(config["escalate_after"]) and moves >= config["escalate_after"]
    why = f"{why}; moved {moves} times: to a supervisor" if up else why
    yield action("assignment.release", conversation=conversation["id"], supervisor=up, why=why)


def _silent(documents, settings, about):
    """Release a conversation that its agent does not answer, if somebody else can take it."""
    conversation = documents.table("conversation").get(doc_id=about["conversation"])
    if (
        not conversation
        or conversation["assignee"] != about["agent"]
        or not conversation.get("assignment.since")
    ):
        return
    config = choosing.config_of(documents, conversation["team"])
    if config is None or config["strategy"] == "manual" or not config["answer_minutes"]:
        return
    people = People(documents, settings)
    tried = {*people.tried(conversation), about["agent"]}
    others = [*people.members(conversation["team"] or EVERYONE), *people.leads()]
    if any(people.is_free(other) and other not in tried for other in others):
        within = words_told.minutes(config["answer_minutes"])
        why = f"{people.name(about['agent'])} did not answer within {within}"
        yield from _release(conversation, config, people, why)
    else:
        asked = {"conversation": conversation["id"], "times": about.get("times", 1)}
        yield action("assignment.expect", why="nobody else can take it", **asked)


@hookimpl
def sla_breached(event, conversation, documents, settings):
    """Have a supervisor look at what was not answered in time, where the team wants that."""
    config = choosing.config_of(documents, conversation["team"])
    if not config or not config["escalate_breach"] or conversation.get("assignment.escalated"):
        return
    id, why = conversation["id"], f"no answer within {words_told.minutes(event['data']['minutes'])}"
    leads = People(documents, settings).leads()
    if conversation["handler"] == "agent" and leads and conversation["assignee"] not in leads:
        yield action("assignment.release", conversation=id, supervisor=True, why=why)
    else:
        yield action("assignment.escalate", conversation=id, why=why)


@hookimpl
def plugins_switched(event, documents):
    """On again: what waits now is the queue."""
    data = event["data"]
    if data.get("plugin") == "assignment" and data.get("enabled") and _is_used(documents):
        yield action("assignment.adopt", why="assignment is on again")
