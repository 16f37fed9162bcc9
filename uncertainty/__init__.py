"""What predictions say about themselves: sampling from a network, then arrays in, numbers out."""
