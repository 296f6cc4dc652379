"""The fault battery: real servers, real faults, and a checker that compares what was promised with what is there.

Each scenario is a module with a ``SCENARIO``: a name, what it proves, and a function that does it to a server of its
own and tells figures. ``python -m faults`` runs them; a broken promise makes the exit code 1 and is printed with the
seed and the command that show it again.
"""
