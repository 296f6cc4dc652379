"""A simulation of limiters and dispatch: the product's own engine, on a loop whose time and order come from a seed.

What may go wrong goes wrong here at rates that are drawn for each seed: targets that raise, hang, or are slow to go;
clients that leave, are cancelled, or ask again; limiters that are away; workers that die, and messages that get lost.
First it must never do what it may not (safety), then the faults stop and everything has to come to its end (liveness).
One number says all there is to know of a run: the same seed is the same run.

    python -m faults.simulation --seeds 200 --first-seed 1
"""
