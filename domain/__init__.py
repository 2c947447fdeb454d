"""The institution's rules as frozen values and pure functions on the standard library.

Nothing here knows of a database, a wire format or a clock: callers bring facts, get a decision
with its evidence back, and save it.
"""
