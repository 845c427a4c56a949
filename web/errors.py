"""Errors as people and programs see them: one shape in JSON, one page in HTML."""

from typing import Any

from flask import Flask, Response, jsonify, redirect, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from engine.client import EngineAway, EngineError

JSON_PATHS = ("/api/", "/media", "/webhooks/", "/healthz", "/metrics", "/feed", "/inbox/act")


class Problem(Exception):
    """An answer other than 2xx, with a machine's word (`code`) and a person's (`message`)."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str, fields: dict[str, Any] | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}
        self.code = code or self.code


class NotFound(Problem):
    """There is no such thing, or it may not be seen."""

    status, code = 404, "not_found"


class Conflict(Problem):
    """The state does not allow it; `reason` says why, in words for the person."""

    status, code = 409, "conflict"

    @property
    def reason(self) -> str:
        """Why it was refused."""
        return self.message


class Forbidden(Problem):
    """The role does not allow it."""

    status, code = 403, "forbidden"


class Unauthorized(Problem):
    """Nobody is signed in."""

    status, code = 401, "unauthorized"


class Invalid(Problem):
    """What came does not fit its schema; `fields` says where."""

    status, code = 422, "invalid"


class Failed(Problem):
    """A handler raised: nothing was done, and the integrator sees the error.

    409 and no 5xx: the same request again fails again, so nobody should go on trying.
    """

    status, code = 409, "action_failed"


class TooSlow(Problem):
    """A search or export ran into its time limit."""

    status, code = 503, "too_slow"


class TooMany(Problem):
    """Try again later; `wait` in seconds."""

    status, code = 429, "too_many"

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


def register(app: Flask) -> None:
    """Have *app* answer every error in one shape."""
    app.register_error_handler(Problem, lambda e: answer(e.status, e.code, e.message, e.fields, e))
    app.register_error_handler(
        EngineAway,
        lambda e: answer(503, "engine_away", _("ReplyAI is starting or restarting. Try again shortly.")),
    )
    app.register_error_handler(EngineError, lambda e: answer(422, "invalid", str(e)))
    app.register_error_handler(HTTPException, _http)


def _http(error: HTTPException) -> AnyResponse | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    messages = getattr(error, "data", {}).get("messages", {})
    code = error.name.lower().replace(" ", "_")
    is_stock = error.description in (None, "", type(error).description)
    message = _sentence(status) if is_stock else str(error.description)
    answered = answer(status, "invalid" if status == 422 else code, message, messages)
    for name in ("Allow", "Retry-After"):
        value = dict(error.get_headers()).get(name)
        if value:
            answered.headers[name] = value
    return answered


def answer(
    status: int, code: str, message: str, fields: Any = None, error: Exception | None = None
) -> AnyResponse:
    """Return the response of an error: JSON for programs, a page for people, sign-in where that helps."""
    response = _json(status, code, message, fields) if wants_json() else _page(status, message)
    if status == 503:
        response.headers["Retry-After"] = "2"
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.wait)
    if status == 401 and request.path.startswith("/api/"):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def wants_json() -> bool:
    """Return whether a program asks."""
    if request.path.startswith(JSON_PATHS) or "Authorization" in request.headers:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def _json(status: int, code: str, message: str, fields: Any) -> Response:
    response = jsonify({"error": {"code": code, "message": message, "fields": fields or {}}})
    response.status_code = status
    return response


def _page(status: int, message: str) -> AnyResponse:
    from .slots import render

    if status == 401:
        return _to_login()
    said = _sentence(404) if status == 404 and message.startswith("no ") else message
    page = render("error.html", status=status, title=_title(status), message=said)
    return Response(page, status=status, mimetype="text/html")


def _to_login() -> AnyResponse:
    target = f"{request.script_root}/login"
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": target})
    if request.method in ("GET", "HEAD") and request.path != "/":
        from urllib.parse import quote

        target += f"?next={quote(request.full_path.rstrip('?'))}"
    return redirect(target, 303)


def _sentence(status: int) -> str:
    """Return what to say of a status where nobody has said more."""
    sentences = {
        400: _("The request could not be read."),
        403: _("Your role does not allow this."),
        404: _("It was never here, is gone by now, or is not for you to see."),
        405: _("This address does not take this kind of request."),
        406: _("It is not there in the form that was asked for."),
        413: _("What was sent is larger than what is taken here."),
        415: _("This kind of content is not taken here."),
        422: _("Some of what was sent does not fit."),
        429: _("Wait a moment, then try again."),
        503: _("ReplyAI is starting or restarting. Try again shortly."),
    }
    return sentences.get(status, _("Something went wrong here. The log says more."))


def _title(status: int) -> str:
    titles = {
        400: _("That request could not be read"),
        403: _("You may not do that"),
        404: _("There is nothing here"),
        405: _("That is not possible here"),
        409: _("Somebody was faster"),
        413: _("That is too large"),
        422: _("Something is missing"),
        429: _("Too many tries"),
        503: _("ReplyAI is starting"),
    }
    return titles.get(status, _("Something went wrong"))
