"""What is computed once: a store on disk, and the queue of what is being computed."""
