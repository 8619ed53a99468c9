"""The seven steps and their order. A new step is a file here, and its line."""

from c3tui.engine.step import Step


def all_steps() -> tuple[Step, ...]:
    """The steps in the order of the wizard."""
    from c3tui.steps.deploy import Deploy
    from c3tui.steps.discovery import Discovery
    from c3tui.steps.handover import Handover
    from c3tui.steps.hardware import Hardware
    from c3tui.steps.kubernetes import Kubernetes
    from c3tui.steps.network import Network
    from c3tui.steps.storage import Storage

    return (Network(), Discovery(), Hardware(), Deploy(), Kubernetes(), Storage(), Handover())
