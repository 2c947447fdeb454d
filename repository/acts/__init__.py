"""What needs two people, a file a kind: how it is locked, what it would do, how it is done."""
