"""What every answer carries and every unsafe request must bring: headers, CSRF token, Origin."""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, g, request
from werkzeug.wrappers import Response

from .errors import Forbidden
from .parts import parts
from .permissions import rule_of
from .sessions import cookie_name, set_cookie

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
ANONYMOUS = "replyai_csrf"


def csrf_token() -> str:
    """Return the token that forms carry: the session's, before sign-in one from a cookie."""
    session = g.get("session")
    if session is not None and session.csrf:
        return str(session.csrf)
    if "csrf" not in g:
        found = request.cookies.get(cookie_name(ANONYMOUS), "")
        g.csrf = found if 20 <= len(found) <= 100 else secrets.token_urlsafe(32)
        g.csrf_new = g.csrf != found
    return str(g.csrf)


def check_request(app: Flask) -> None:
    """Refuse (403) an unsafe request of a browser without this session's token or from another origin."""
    if request.method in SAFE or request.url_rule is None or request.endpoint is None:
        return
    session = g.get("session")
    if getattr(app.view_functions[request.endpoint], "replyai_no_csrf", False):
        return
    if session is not None and session.via == "bearer":
        return
    if rule_of(app, request.endpoint, request.method) is None:
        return
    if "Origin" in request.headers and not same_origin(request.headers["Origin"]):
        raise Forbidden("This request came from another site.", code="origin")
    if not _token_is_right():
        raise Forbidden("The page is too old. Load it again.", code="csrf")


def _token_is_right() -> bool:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token") or ""
    session = g.get("session")
    expected = session.csrf if session else request.cookies.get(cookie_name(ANONYMOUS), "")
    return bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def same_origin(origin: str) -> bool:
    """Return whether an Origin header names exactly this host (or the configured public address)."""
    public = parts().config.public_url
    allowed = {f"http://{request.host}", f"https://{request.host}"}
    if public:
        split = urlsplit(public)
        allowed.add(f"{split.scheme}://{split.netloc}")
    return origin.lower() in {each.lower() for each in allowed}


def add_headers(response: Response) -> Response:
    """Put the security headers on *response*."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self)"
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint == "static":
        return response
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    response.vary.add("Cookie")
    if g.get("csrf_new"):
        set_cookie(response, cookie_name(ANONYMOUS), g.csrf)
    return response
