"""Everything this package refuses, as one tree. A message says what was wrong, which value, and what to do.

DDPMError
├── BadRequest      a value the caller sent cannot be used (names the field)
│   └── BadPicture  a file is not a picture this package can read
├── UnknownModel    no model of that name (lists the names)
├── CannotLoad      files are there but no model could be made of them (keeps every format's reason)
├── TooMuch         the request would not fit in memory (names the largest that would)
├── LineFull        too many jobs are waiting
└── Missing         an optional package, weight file or network is not there (names the remedy)
"""


class DDPMError(Exception):
    """Root of everything this package raises on purpose; its text is fit to be shown to a person."""


class BadRequest(DDPMError):
    """A value the caller sent cannot be used."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class BadPicture(BadRequest):
    """A file is not a picture this package can read."""


class UnknownModel(DDPMError):
    """No model of that name; `available` lists those there are."""

    def __init__(self, message: str, available: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.available = available


class CannotLoad(DDPMError):
    """Files are there, but no model could be made of them."""


class TooMuch(DDPMError):
    """The request would not fit in memory."""


class LineFull(DDPMError):
    """Too many jobs are waiting."""


class Missing(DDPMError):
    """An optional package, a weight file or the network is not there."""
