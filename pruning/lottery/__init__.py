"""From an experiment to trained networks: which levels, which tickets, and the engine that trains them."""
