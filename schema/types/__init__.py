"""The published types; each file reads as the list of its fields and where they come from."""

from schema.types import enums  # first: a type that used one unpublished would publish it bare

__all__ = ["enums"]
