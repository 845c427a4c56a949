"""Who is there and free, and whose turn it is: plain functions of documents."""

from engine import presence, where

from .schemas import EVERYONE, Settings

DEFAULTS = Settings().load({})
LEADS = ("supervisor", "admin")


class People:
    """The agents as they are at the start of a hand-out, and what is given to them in it.

    documents: the workspace's; settings: the plugin's.
    """

    def __init__(self, documents, settings):
        self.documents, self.settings = documents, settings
        self.agents = {agent["id"]: agent for agent in documents.table("agent").all()}
        self.online = [id for id, agent in self.agents.items() if presence.of(agent) == presence.ONLINE]
        self.given = {turns["id"]: turns for turns in documents.table("assignment_agent").all()}
        self._open = {}
        self._now = 0

    def name(self, agent):
        """Return what an agent is called."""
        return (self.agents.get(agent) or {}).get("name") or str(agent)

    def state(self, agent):
        """Return ``online``, ``away`` or ``offline``."""
        return presence.of(self.agents.get(agent))

    def has(self, agent):
        """Return how many open conversations an agent has; counted in the index, once."""
        if agent not in self._open:
            self._open[agent] = open_of(self.documents, agent)
        return self._open[agent]

    def capacity(self, agent):
        """Return how many an agent is given at a time; 0: no limit."""
        return capacity_of(self.agents[agent], self.settings)

    def is_free(self, agent):
        """Whether an agent is online and has room."""
        most = self.capacity(agent)
        return agent in self.online and (not most or self.has(agent) < most)

    def members(self, team):
        """Return the agents of a team who are online, in the order in which they joined."""
        return [id for id in self.online if belongs(self.agents[id], team)]

    def any_free(self, team):
        """Whether a member of a team is free."""
        return any(self.is_free(id) for id in self.members(team))

    def leads(self):
        """Return the supervisors who are free; admins where no supervisor is."""
        for role in LEADS:
            found = [id for id in self.online if self.agents[id]["role"] == role and self.is_free(id)]
            if found:
                return found
        return []

    def tried(self, conversation):
        """Return who lost a conversation by not answering, and has not been away and come back since."""
        when = conversation.get("assignment.tried_at") or {}
        came = {id: (self.given.get(id) or {}).get("came") or "" for id in when}
        tried = conversation.get("assignment.tried") or ()
        return {id for id in tried if when.get(id, "~") > came.get(id, "")}

    def turn(self, agent, team):
        """Return the number of an agent's last turn in a team's round, 0 where there was none."""
        return ((self.given.get(agent) or {}).get("turns") or {}).get(team, 0)

    def last_turn(self, team):
        """Return (agent, number) of the round's last turn, or (None, 0)."""
        found = [(self.turn(id, team), id) for id in self.given if self.turn(id, team)]
        number, agent = max(found, default=(0, None))
        return agent, number

    def last_at(self, agent):
        """Return when an agent was last given one, as text; "" where never."""
        return (self.given.get(agent) or {}).get("last_at") or ""

    def gave(self, agent, team, is_turn):
        """Count what this hand-out has given to an agent; return the number of the turn if it is one."""
        before = self.given.get(agent) or {"id": agent, "turns": {}}
        turns = dict(before.get("turns") or {})
        if is_turn:
            turns[team] = self.last_turn(team)[1] + 1
        self._now += 1
        self.given[agent] = {**before, "turns": turns, "last_at": f"~{self._now:06}"}  # after every time
        self._open[agent] = self.has(agent) + 1
        return turns[team] if is_turn else None


def open_of(documents, agent):
    """Return how many open conversations an agent has, from the index alone."""
    return documents.table("conversation").count((where("assignee") == agent) & (where("status") == "open"))


def capacity_of(agent, settings):
    """Return how many open conversations an agent is given at a time; 0: no limit."""
    own = agent.get("assignment.capacity")
    return settings["capacity"] if own is None else own


def is_free(documents, agent, settings):
    """Whether an agent (a document) is online and has room, now."""
    return presence.of(agent) == presence.ONLINE and has_room(documents, agent, settings)


def has_room(documents, agent, settings, more=1):
    """Whether an agent (a document) may have so many *more* open conversations."""
    most = capacity_of(agent, settings)
    return not most or open_of(documents, agent["id"]) + more <= most


def belongs(agent, team):
    """Whether an agent is given conversations of a team; of none (``everyone``): agents, unless told else."""
    if agent["role"] == "integrator" or agent.get("assignment.takes") is False:
        return False
    if team != EVERYONE:
        return team in (agent.get("teams") or ())
    return agent["role"] == "agent" or agent.get("assignment.takes") is True


def skills_of(agent):
    """Return an agent's skills, for comparing."""
    return {skill.casefold() for skill in agent.get("assignment.skills") or ()}


def settings_of(documents):
    """Return the plugin's settings, where no hook was given them."""
    found = documents.table("plugin").get(doc_id="assignment") or {}
    return {**DEFAULTS, **(found.get("settings") or {})}
