"""The mutations, one a file: input, result, and what it does.

Each says which roles may call it. Its result is a row of plain values; what a query reaches from
there is read by a plan like everything else, with the caller's own eyes.
"""
