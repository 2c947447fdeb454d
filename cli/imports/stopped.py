"""The error that ends an import."""


class ImportStopped(Exception):
    """The file cannot be read (any further); the message says where, why and what to do."""
