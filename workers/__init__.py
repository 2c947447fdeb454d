"""The only arq: wake-ups, and the work they wake.

The list of work lives in PostgreSQL, so a wake-up may be lost, doubled or late: it only says
"look now". The same look is taken every second without any.
"""
