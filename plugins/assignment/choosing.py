"""Who gets which conversation, and why, in words: plain functions of documents."""

from heapq import merge

from engine import where

from .hours import Calendar
from .people import People, belongs, skills_of
from .schemas import EVERYONE, NORMAL, TEAM_DEFAULTS

PAGE = 50


def config_of(documents, team):
    """Return a team's settings (of no team: ``everyone``'s), or None where nobody made any."""
    found = documents.table("assignment_team").get(doc_id=team or EVERYONE)
    return None if found is None else {**TEAM_DEFAULTS, **found}


def workspace_of(documents):
    """Return the workspace's document."""
    return documents.table("workspace").get(doc_id="main") or {}


def calendar_of(documents, config):
    """Return when a team is open."""
    return Calendar(config, workspace_of(documents))


def key_of(priority, since):
    """Return a place in the queue as text: the most urgent first, then who waits longest."""
    return f"{9 - (NORMAL if priority is None else priority)} {since}"


def team_for(documents, conversation, text):
    """Return (team, why) for a new conversation: its number's, a word's, the one for the rest, or none."""
    configs = [{**TEAM_DEFAULTS, **each} for each in documents.table("assignment_team").all()]
    words = (text or "").casefold()
    for config in configs:
        for word in config["keywords"]:
            if word.casefold() in words:
                return config["id"], f"the text has “{word}”"
    for config in configs:
        if conversation["account"] in config["accounts"]:
            return config["id"], f"{conversation['account']} is a number of theirs"
    rest = [config["id"] for config in configs if config["rest"]]
    return (rest[0], "conversations that no team asks for go there") if rest else (EVERYONE, "of no team")


def asks_of(documents, conversation, skill):
    """Return, as one text, all from which it follows which skills a conversation asks for.

    Those that wait with the same text can be taken by the same people: ``skill|language|label,label``.
    """
    contact = documents.table("contact").get(doc_id=conversation["contact"]) or {}
    language = str(contact.get("language") or contact.get("contacts.language") or "")
    said = [part.casefold().replace("|", " ") for part in (skill or "", language)]
    return "|".join([*said, ",".join(sorted(conversation.get("labels") or ()))])


def hand_out(documents, settings, at, only=None):
    """Yield (wait, agent, why, turn) for all that can be given now, most urgent and oldest first.

    only: the ids that began to wait, where nobody got room: the others could not be given before, either.
    turn: its number where it is the agent's turn of a round, else None.
    Who waits and whom nobody free can take is passed over; nobody behind gets what they could have had.
    """
    table = documents.table("assignment_wait")
    if not table.page(order="key", newest_first=False, limit=1)[0]:
        return
    people = People(documents, settings)
    teams = {team["id"]: team for team in _serving(documents, at)}
    waiting = table.get(doc_ids=only) if only else _waiting(documents, people, teams)
    seen = set()
    for wait in sorted(waiting, key=_key) if only else waiting:
        team = teams.get(wait["team"])
        if team is None or wait["id"] in seen:
            continue
        found = choose(documents, people, team, wait, at)
        seen.add(wait["id"])
        if found:
            agent, why, is_turn = found
            yield wait, agent, why, people.gave(agent, wait["team"], is_turn)


def _key(wait):
    return wait["key"]


def _waiting(documents, people, teams):
    """Yield, in order, who waits and can be taken by somebody free, as far as skills and teams tell.

    Each queue has those that ask for the same, so it ends with the first page whom nobody can take any more.
    """
    queues = [_for_one(documents, people, id) for id in people.online if people.is_free(id)]
    for id, team in teams.items():
        if people.leads():
            mine = (where("team") == id) & (where("supervisor") == True)  # noqa: E712  TinyDB's own way
            queues.append(_in_order(documents, mine, people.leads))
        if people.any_free(id):
            queues += [_alike(documents, people, team, *group) for group in _groups(documents, team)]
    return merge(*queues, key=_key)


def _for_one(documents, people, agent):
    return _in_order(documents, where("agent") == agent, lambda: people.is_free(agent))


def _alike(documents, people, team, field, value):
    def can_be_taken():
        free = [id for id in people.members(team["id"]) if people.is_free(id)]
        needs = _needs(documents, people, team, *_parts(field, value)) if free else set()
        return any(needs <= skills_of(people.agents[id]) for id in free)

    return _in_order(documents, (where("team") == team["id"]) & (where(field) == value), can_be_taken)


def _groups(documents, team):
    """Yield (field, value) of each kind of demand that waits for a team: one look at the index for each."""
    table, after = documents.table("assignment_wait"), None
    field = "asks" if team["strategy"] == "skills" else "skill_key"
    while True:
        how = {"order": field, "newest_first": False, "limit": 1, "after": after}
        found = table.page(where("team") == team["id"], **how)[0]
        if not found:
            return
        value = found[0].get(field) or ""
        yield field, value
        after = table.cursor_at(value, order=field, newest_first=False)


def _parts(field, value):
    """Return (skill, language, label ids) of a group's value."""
    if field == "skill_key":
        return value, "", []
    skill, language, labels = value.split("|")
    return skill, language, labels.split(",")


def _serving(documents, at):
    """Return the teams that give conversations out by themselves at a time."""
    configs = [{**TEAM_DEFAULTS, **each} for each in documents.table("assignment_team").all()]
    found = [config for config in configs if config["strategy"] != "manual"]
    return [c for c in found if c["out_of_hours"] == "go_on" or calendar_of(documents, c).is_open(at)]


def _in_order(documents, query, goes_on):
    """Yield those of a queue in order, page by page, while there is anybody to give them to."""
    after, table = None, documents.table("assignment_wait")
    while goes_on():
        page, after = table.page(query, order="key", newest_first=False, after=after, limit=PAGE)
        yield from page
        if after is None:
            return


def choose(documents, people, team, wait, at):
    """Return (agent, why, whether it is a turn of the round), or None where nobody free can take it.

    Who lost it before, or let go of it, gets it only where nobody else is there.
    """
    conversation = documents.table("conversation").get(doc_id=wait["id"])
    if conversation is None or conversation["handler"] != "queue":
        return None
    named, held = wait.get("agent"), (wait.get("held_until") or "") > at
    if named and people.is_free(named):
        return named, f"handed over to {people.name(named)}", False
    if named and held:
        return None
    passed = people.tried(conversation) | {wait.get("by")}
    never = {wait.get("by")} if held else set()
    leads = [id for id in people.leads() if id not in never] if wait.get("supervisor") else []
    if fresh := [id for id in leads if id not in passed]:
        return _led(people, fresh)
    members = [id for id in people.members(wait["team"]) if id not in never]
    skill, language, labels = _parts("asks", asks_of(documents, conversation, wait.get("skill")))
    needs = _needs(documents, people, team, skill, language, labels)
    able = [id for id in members if needs <= skills_of(people.agents[id])]
    free = [id for id in able if people.is_free(id)]
    first = [id for id in free if id not in passed] or free
    if first:
        return _one_of(documents, people, team, wait, conversation, first, able, needs)
    return _led(people, leads) if leads else None


def _led(people, leads):
    agent = fewest(people, leads)
    return agent, f"escalated: {people.name(agent)} is a supervisor and is there", False


def _one_of(documents, people, team, wait, conversation, free, able, needs):
    """Return, as `choose`, which of those who are free gets it: by what is known, or by the team's way."""
    if known := _known(documents, people, team, wait, conversation, free):
        return *known, False
    skilled = f"has the skill {', '.join(sorted(needs))}; " if needs else ""
    if team["strategy"] in ("load", "skills"):
        agent = fewest(people, free)
        return agent, skilled + _fewest_words(people, able, free, agent), False
    agent = min(free, key=lambda id: people.turn(id, wait["team"]))
    return agent, skilled + _turn_words(people, wait["team"], able, free), True


def _known(documents, people, team, wait, conversation, free):
    """Return (agent, why) of who had it or knows the contact, if they are free; else None."""
    before = wait.get("before")
    if before in free:
        return before, f"it opened again, and {people.name(before)}, who had it, is there"
    if team["strategy"] != "sticky":
        return None
    contact = documents.table("contact").get(doc_id=conversation["contact"]) or {}
    knows = contact.get("assignment.agent")
    if knows in free:
        return knows, f"{people.name(knows)} answered this contact last and is there"
    return None


def _needs(documents, people, team, skill, language, labels):
    """Return the skills that are asked for, of those that the team has; case does not count."""
    wanted = {skill} if skill else set()
    if team["strategy"] != "skills":
        return wanted
    asked = {language}
    for label in labels:
        found = documents.table("label").get(doc_id=label) if label else None
        asked.add(found["name"].casefold() if found else "")
    theirs = [skills_of(agent) for agent in people.agents.values() if belongs(agent, team["id"])]
    return wanted | (asked & set().union(*theirs))


def fewest(people, agents):
    """Return who has the fewest open conversations; of equals, who waits longest for a new one."""
    return min(agents, key=lambda id: (people.has(id), people.last_at(id)))


def _fewest_words(people, online, free, agent):
    has = people.has(agent)
    equal = [id for id in free if people.has(id) == has and id != agent]
    tie = ", and waits longest for a new one" if equal else ""
    return f"fewest open: {people.name(agent)} has {has}{tie} ({_count(online, free)})"


def _turn_words(people, team, online, free):
    last, _number = people.last_turn(team)
    turn = f"the last turn was {people.name(last)}'s" if last else "the first turn"
    return f"round robin: {_count(online, free)}, {turn}"


def _count(online, free):
    full = len(online) - len(free)
    return f"{len(online)} online" + (f", {full} of them full" if full else "")
