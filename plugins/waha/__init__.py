"""WAHA: WhatsApp by way of a WAHA server."""

from engine import hookimpl

from .gateway import Waha


@hookimpl(specname="gateways")
def waha_gateways():
    """Bring the adapter."""
    return [Waha()]
