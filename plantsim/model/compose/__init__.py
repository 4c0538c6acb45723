"""Plant description to core tables. Everything here is numbers in SI and indices; what they mean is said in ext/."""
