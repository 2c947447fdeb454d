"""Reading: a described selection becomes one SQL statement that returns the answer as JSON.

`tables` says what can be read and who sees which rows of it, `expressions` how a stored value is
shown, `conditions` how rows are chosen, `nodes` what an answer is made of. `statement` renders all
of it, and is the only place that writes a FROM: there every table gets the actor's predicate.
"""
