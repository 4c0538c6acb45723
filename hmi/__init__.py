"""The terminal HMI: an OPC UA client that knows the plant by what it browses, and nothing else."""
