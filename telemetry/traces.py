"""placeholder"""

ACTIVE = None
