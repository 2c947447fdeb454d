"""Demo data: an invented credit cooperative with eighteen months of history.

`write(folder)` puts six CSV files there, ready for `terrace import`, and returns the decisions to
replay with them as `DemoFacts`. The bytes are the same on every machine.

How it is made: `cast` decides how many customers live which of the `stories` (and `specials`), a
row of monthly wealth; `customers` gives each an identity; `holdings` spreads the wealth over
accounts; `balances` moves it from day to day. Closing the months one by one under the default
tier policy brings out every tier state and every kind of tier change.
"""

from cli.demo.facts import DemoFacts, Grant, Revocation, Signal, Termination
from cli.demo.files import write

__all__ = ["DemoFacts", "Grant", "Revocation", "Signal", "Termination", "write"]
