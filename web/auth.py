"""Signing in and out, one-time links, the first run."""

from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, g, make_response, redirect, request
from flask_babel import gettext as _
from marshmallow import Schema, ValidationError, fields, validate

from engine import credentials, where
from engine.events import requested
from engine.schemas import LANGUAGES

from . import links, passwords
from .engine_link import View, engine, read
from .errors import Conflict, NotFound
from .i18n import choose
from .parts import parts
from .permissions import public, requires
from .sessions import drop_cookie, end, end_all, sign_in
from .slots import render, url

blueprint = Blueprint("auth", __name__)


@blueprint.get("/login")
@public
def login() -> Any:
    """The sign-in page; who is signed in already goes on."""
    if g.session is not None:
        return redirect(_next(), 303)
    error = _switched_off() if request.args.get("why") == "off" else None
    return render("login.html", error=error, form={"email": "", "next": request.args.get("next", "")})


@blueprint.post("/login")
@public
def log_in() -> Any:
    """Check email and password; ten wrong ones in a quarter of an hour lock the account's sign-in."""
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    wait = parts().limits.wait(f"{g.workspace}:{email}", request.remote_addr)
    if wait:
        return _locked(wait)
    agent, stored = read(lambda view: _account(view, email))
    right = passwords.verify(stored, password) and agent is not None
    if agent is None or not right or not agent.get("active"):
        form = {"email": email, "next": request.form.get("next", "")}
        error = _switched_off() if right else _("E-mail or password is wrong.")
        return render("login.html", error=error, form=form), 401
    parts().limits.forgive(f"{g.workspace}:{email}", request.remote_addr)
    if passwords.is_outdated(stored or ""):
        keep_password(agent["id"], password)
    return sign_in(redirect(_next(), 303), agent)


def _switched_off() -> str:
    """What is told only to who was signed in, or knows the password."""
    return _("You have been switched off in this workspace. Ask an admin of your team.")


@blueprint.post("/logout")
@requires()
def logout() -> Any:
    """End this session at once, its sockets too."""
    end()
    response = redirect(url("/login"), 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    drop_cookie(response)
    return response


@blueprint.get("/start/<token>")
@public
def start(token: str) -> Any:
    """Show what a one-time link is for. Looking does not use it up: chat programs look at links."""
    found = links.look(token)
    if found is None:
        raise NotFound(_("This link was used already, or its time is over."))
    return _page(*found)


@blueprint.post("/start/<token>")
@public
def use(token: str) -> Any:
    """Use a one-time link: make the first admin, set a password, or sign in."""
    found = links.look(token)
    if found is None:
        raise NotFound(_("This link was used already, or its time is over."))
    row, agent = found
    values, errors = _checked(row["data"]["purpose"], agent)
    if errors:
        return _page(row, agent, errors, request.form), 422
    taken = links.take(token)
    if taken is None:
        raise NotFound(_("This link was used already, or its time is over."))
    try:
        agent = _work(row, agent, values)
    except Exception:
        links.give_back(taken)
        raise
    return sign_in(redirect(url("/"), 303), agent)


def keep_password(agent: str, password: str) -> None:
    """Set an agent's password."""
    engine().credential_put(g.workspace, "password", agent, agent, {"hash": passwords.hashed(password)}, None)


def change_password(agent: dict[str, Any], old: str, new: str) -> str | None:
    """Change who is signed in's own password; return what is wrong (``old``, ``short``, ``common``) or None.

    All sessions of the agent end; the caller signs this browser in again (`web.sessions.sign_in`).
    API tokens stay good: programs do not know the password, and each token is revoked by itself.
    """
    stored = read(lambda view: _account(view, agent["email"]))[1]
    limits, account = parts().limits, f"{g.workspace}:{agent['email']}"
    if limits.wait(account, request.remote_addr) or not passwords.verify(stored, old):
        return "old"
    limits.forgive(account, request.remote_addr)
    problem = passwords.weakness(new, agent["name"], agent["email"])
    if problem is None:
        keep_password(agent["id"], new)
        end_all(g.workspace, agent["id"])
    return problem


class FirstRun(Schema):
    """What the first person says."""

    workspace = fields.String(required=True, validate=validate.Length(min=1, max=100))
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    email = fields.Email(required=True)
    password = fields.String(required=True)
    language = fields.String(load_default="en", validate=validate.OneOf(LANGUAGES))
    timezone = fields.String(load_default="")
    account = fields.String(
        load_default="later",
        validate=lambda name: _is_offered(name),
        metadata={"description": "a gateway to try without a number of one's own, or later"},
    )


def _is_offered(name: str) -> None:
    """Refuse a gateway that needs more than its name: those are set up under Settings → Numbers."""
    adapter = parts().registry.gateways().get(name)
    if name != "later" and not (adapter and adapter.supports.get("trial")):
        raise ValidationError("This number is set up under Settings → Numbers.")


class Invited(Schema):
    """What an invited person says."""

    password = fields.String(required=True)


_SCHEMAS: dict[str, type[Schema]] = {"first_run": FirstRun, "invite": Invited, "sign_in": Schema}
_TEMPLATES = {"first_run": "first_run.html", "invite": "invite.html", "sign_in": "sign_in_link.html"}


def _checked(purpose: str, agent: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
    form = {key: value.strip() if key != "password" else value for key, value in request.form.items()}
    form.pop("csrf_token", None)
    try:
        values: dict[str, Any] = _SCHEMAS[purpose]().load(form, unknown="exclude")
    except ValidationError as error:
        found = error.normalized_messages()
        return {}, {key: " ".join(map(str, texts)) for key, texts in found.items()}
    if "password" in values:
        about = agent or values
        why = passwords.weakness(values["password"], about.get("name", ""), about.get("email", ""))
        if why:
            return values, {"password": password_problem(why)}
    return values, {}


def password_problem(why: str) -> str:
    """Return, in words, what `passwords.weakness` or `change_password` said."""
    texts = {
        "short": _("A password has at least %(count)s characters.", count=passwords.SHORTEST),
        "long": _("That password is too long."),
        "common": _("That password is too easy to guess."),
        "old": _("The present password is wrong."),
    }
    return texts[why]


def _work(row: dict[str, Any], agent: dict[str, Any] | None, values: dict[str, Any]) -> dict[str, Any]:
    """Do what the link is for; return the agent who is signed in then."""
    purpose = row["data"]["purpose"]
    if purpose == "first_run":
        return _first_run(values)
    if purpose == "invite":
        if agent is None or not agent.get("active"):
            raise NotFound(_("This person is not in the team any more."))
        keep_password(agent["id"], values["password"])
        end_all(g.workspace, agent["id"])
        return agent
    admin = agent or read(_first_admin)
    if admin is None or not admin.get("active"):
        raise NotFound(_("There is no admin yet."))
    return admin


def _first_run(values: dict[str, Any]) -> dict[str, Any]:
    if read(_first_admin) is not None:
        raise Conflict(_("There is an admin already. Sign in."))
    wanted = [
        ("workspace.update", {"name": values["workspace"], "language": values["language"]}),
        ("agent.invite", {key: values[key] for key in ("name", "email", "language")} | {"role": "admin"}),
    ]
    fixed = read(lambda view: (view.db.table("workspace").get(doc_id="main") or {}).get("sources") or {})
    if values["timezone"] in available_timezones() and "timezone" not in fixed:
        wanted.append(("workspace.update", {"timezone": values["timezone"]}))
    gateway = parts().registry.gateways().get(values["account"])
    if gateway is not None:
        wanted.append(
            ("account.put", {"name": gateway.name, "gateway": gateway.name, "title": gateway.title})
        )
    event = requested("system", [{"type": kind, "data": data, "why": None} for kind, data in wanted])
    results = engine().submit(g.workspace, [event])[0]["actions"]
    if results[1]["status"] != "done":
        raise Conflict(results[1].get("reason") or "refused")
    agent = read(lambda view: view.get("agent", results[1]["result"]["agent"]))
    keep_password(agent["id"], values["password"])
    return agent


def _page(
    row: dict[str, Any], agent: dict[str, Any] | None, errors: dict[str, str] | None = None, form: Any = None
) -> str:
    purpose = row["data"]["purpose"]
    if purpose == "first_run":
        names = ("workspace", "name", "email", "language", "account")
        shown = {name: (form or {}).get(name, "") for name in names}
        shown["language"] = shown["language"] or choose()
    else:
        shown = {"name": (agent or {}).get("name", ""), "email": (agent or {}).get("email", "")}
    error = _("Please look at what is marked.") if errors else None
    return render(_TEMPLATES[purpose], error=error, errors=errors or {}, form=shown)


def _account(view: View, email: str) -> tuple[dict[str, Any] | None, str | None]:
    found = view.db.table("agent").get(where("email") == email.lower()) if email else None
    if found is None:
        return None, None
    row = credentials.get(view.connection, "password", found.doc_id)
    return {**found, "id": found.doc_id}, row["data"]["hash"] if row else None


def _first_admin(view: View) -> dict[str, Any] | None:
    admins = view.db.table("agent").search(where("role") == "admin")
    active = sorted((a for a in admins if a.get("active")), key=lambda a: a.get("created_at") or "")
    return {**active[0], "id": active[0].doc_id} if active else None


def _locked(wait: int) -> Response:
    response = make_response(render("locked.html", minutes=-(-wait // 60)), 429)
    response.headers["Retry-After"] = str(wait)
    return response


def _next() -> str:
    """Return where to go after signing in: a path of ours, never another site."""
    wanted = request.form.get("next") or request.args.get("next") or ""
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\n" not in wanted:
        return url(wanted) if not wanted.startswith(f"{request.script_root}/") else wanted
    return url("/")
