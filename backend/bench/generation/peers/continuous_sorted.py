"""transformers' continuous batching over a paged cache, in our order."""

from functools import partial

from backend.bench.generation.peers.continuous import answer
from backend.bench.generation.work import take_turn

if __name__ == "__main__":
    take_turn(partial(answer, in_our_order=True))
