"""Components that live in the browser: each a Python side beside its JavaScript and its style."""
