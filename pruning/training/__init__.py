"""Training with an early stop: a stack of small networks at once, or one convolutional network."""
