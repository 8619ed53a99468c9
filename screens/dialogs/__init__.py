"""Dialogs: questions, failures and texts over a screen."""

from screens.dialogs.failure import Failure
from screens.dialogs.questions import Choose, Confirm, Reason, TypedConfirm
from screens.dialogs.reading import Guide, KeyList, Reading
from screens.dialogs.walk import WalkDialog

__all__ = [
    "Choose",
    "Confirm",
    "Failure",
    "Guide",
    "KeyList",
    "Reading",
    "Reason",
    "TypedConfirm",
    "WalkDialog",
]
