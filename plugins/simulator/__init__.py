"""The simulator: a WhatsApp of its own, without WhatsApp."""

from engine import action, hookimpl

from .gateway import Simulator


@hookimpl(specname="gateways")
def simulator_gateways():
    """Bring the adapter."""
    return [Simulator()]


@hookimpl
def account_saved(event):
    """A number of the simulator is connected as soon as it is there: there is no phone to wait for."""
    if event["data"]["gateway"] == "simulator":
        why = "a pretend number is always connected"
        yield action("account.state", account=event["data"]["account"], state="connected", why=why)
