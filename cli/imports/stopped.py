"""The errors that end an import."""


class ImportStopped(Exception):
    """The file cannot be read (any further); the message says where, why and what to do."""


class CutOff(ImportStopped):
    """The file ends where it should not; the rows before that place are good."""
