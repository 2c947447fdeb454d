"""What the program tells of itself: log lines, figures for a scraper, traces.

It knows nothing of the institution, and nothing of the institution's customers may come into it:
no variable, name, number, token, body, document or message of a foreign exception.
"""
