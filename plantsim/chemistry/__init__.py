"""Species and parameter sets: data files, and what reads them."""
