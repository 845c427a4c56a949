"""The simulator: a WhatsApp of its own, without WhatsApp."""

from engine import hookimpl

from .gateway import Simulator


@hookimpl(specname="gateways")
def simulator_gateways():
    """Bring the adapter."""
    return [Simulator()]
