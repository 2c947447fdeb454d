"""The published types; each file reads as the list of its fields and where they come from."""
