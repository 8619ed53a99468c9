"""What can go wrong, as errors a person can act on.

::

    C3Error                what happened, where, what to do
    ├── InputError         the plan, a secret or an argument is bad            exit 2
    ├── PeerError          something at the other end of a wire
    │   ├── Unreachable    it does not answer                                  exit 4
    │   ├── Unauthorised   it answers, and refuses who we say we are
    │   ├── Refused        it understood and said no; repeating will not help
    │   └── BadAnswer      it answered something that makes no sense
    ├── StepError          a step cannot go on                                 exit 1
    ├── RecordError        the site's own record cannot be written
    ├── ControlError       another viewer holds control                        exit 5
    └── EngineGone         the engine of this site stopped answering           exit 4
"""


class C3Error(Exception):
    """An error with its place and its remedy.

    Args:
        what: what happened, in one sentence without a full stop.
        where: the server, address, file or line it happened at; may be empty.
        remedy: what the engineer can do about it; may be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.remedy}" if self.remedy else text


class InputError(C3Error):
    """The plan, a secret or an argument is bad."""

    exit_code = 2


class PeerError(C3Error):
    """Something at the other end of a wire."""


class Unreachable(PeerError):
    """The peer does not answer."""

    exit_code = 4


class Unauthorised(PeerError):
    """The peer refuses who we say we are."""


class Refused(PeerError):
    """The peer understood and said no; repeating will not help."""


class BadAnswer(PeerError):
    """The peer answered something that makes no sense."""


class StepError(C3Error):
    """A step cannot go on."""


class RecordError(C3Error):
    """The site's own record cannot be written; C3 must not go on, nobody would know what it did."""


class ControlError(C3Error):
    """Another viewer holds control."""

    exit_code = 5


class EngineGone(C3Error):
    """The engine of this site stopped answering."""

    exit_code = 4
