"""The read path beside what a user would pick instead, and beside the limit.

    make bench-api [ARGS="--quick"]         or: python -m benchmarks.api --help

One PostgreSQL, one set of rows, three queries, and on every side the same answers, which are
compared before anything is timed. `benchmarks/README.md` says what is needed and what is measured.
"""
