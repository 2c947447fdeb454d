"""The only strawberry: types, queries, mutations and subscriptions, one concept a file.

Types declare where their data is (`fields`); a validated operation is compiled into a plan
(`compile`) and run as one statement (`engine`). Read fields have no resolvers.
"""
