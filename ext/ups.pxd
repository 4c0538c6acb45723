# cython: language_level=3, cdivision=True
"""An uninterruptible supply: a battery that carries drives while the mains are lost, and is charged by them afterwards.

    mains there     dE/dt = charger until E = capacity, taken from the mains
    mains lost      dE/dt = -sum P s          P, s: power at full output and opening of the drives on it

Without mains and with nothing left it is empty: its drives trip, as all others do at once. What its drives take stands in
the plant's power as long as the mains give it.
"""

from libc.math cimport fmax, fmin

from sheet cimport Sheet

cdef struct Ups:
    int n_loads
    int* load           # openings of the drives on it
    double* power       # W of each at full output
    double mains        # 1, and 0 while they are lost
    double capacity     # J
    double charger      # W
    int probe

cdef enum:
    UPS_PROBES = 5
    UPS_CHARGE = 0        # 0..1
    UPS_LOAD = 1          # W that its drives take
    UPS_LOST = 2          # 1: the mains are lost
    UPS_EMPTY = 3         # 1: and there is nothing left
    UPS_BESIDE = 4        # W from the mains beside what the drives take; negative what the battery gives


cdef inline void ups_step(const Ups* u, Sheet* s, double* y, double tick) noexcept nogil:
    """State: J in the battery."""
    cdef double load = 0.0, beside = 0.0
    cdef bint lost = u.mains < 0.5
    cdef int i
    for i in range(u.n_loads):
        load += u.power[i]*s.drive[u.load[i]]
    if lost:
        y[0] = fmax(y[0] - tick*load, 0.0)
        beside = -load
    elif y[0] < u.capacity:
        y[0] = fmin(y[0] + tick*u.charger, u.capacity)
        beside = u.charger
    s.probe[u.probe + UPS_CHARGE] = y[0]/u.capacity
    s.probe[u.probe + UPS_LOAD] = load
    s.probe[u.probe + UPS_LOST] = lost
    s.probe[u.probe + UPS_EMPTY] = lost and y[0] <= 0.0
    s.probe[u.probe + UPS_BESIDE] = beside
