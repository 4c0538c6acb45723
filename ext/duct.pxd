# cython: language_level=3, cdivision=True
"""Sweep duct: air as its fan draws it, and the hydrogen in what all the leach tanks on that fan give to it."""

from sheet cimport Sheet

cdef struct Duct:
    int fan
    double capacity             # mol/s at full speed
    int n
    int* hydrogen               # probes of the tanks: its share of the gas in the headspace, and mol/s of all gas
    int* gas
    int probe


cdef enum:
    DUCT_PROBES = 2             # mol/s of air, fraction of hydrogen


cdef inline void duct_step(const Duct* u, Sheet* s) noexcept nogil:
    """It gets what stands in the headspaces. What stands in a duct without flow reads as it did."""
    cdef double hydrogen = 0.0, gas = 0.0
    cdef int k
    for k in range(u.n):
        hydrogen += s.probe[u.hydrogen[k]]*s.probe[u.gas[k]]
        gas += s.probe[u.gas[k]]
    s.probe[u.probe] = u.capacity*s.drive[u.fan]
    if gas > 1e-9:
        s.probe[u.probe + 1] = hydrogen/gas
