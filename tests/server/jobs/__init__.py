"""Notes as jobs: what every place they wait in promises, and each of them."""
