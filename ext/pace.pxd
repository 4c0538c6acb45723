# cython: language_level=3, cdivision=True
"""Steps longer than a scan, for units whose contents take minutes to change.

Such a unit gathers what arrives in `scans` scans and then takes one step of that length on the mean of it; until its next
step it sends the mean outflow of this one. What it has gathered and what it has still to send is under way and part of the
plant's hold-up, so every element closes as if it stepped in each scan. Units of one length step in different scans, so that
all scans cost about the same.
"""

from libc.string cimport memcpy, memset

from numerics cimport add_to
from sheet cimport Sheet, S_MOL, S_TEMP, S_VOL, stream_next, stream_now

cdef struct Pace:
    int unit
    int scans           # in a step
    int phase           # scans by which it is ahead of the clock
    int n_in, n_out
    int* inlet          # streams
    int* outlet
    bint rests          # no step of the unit ends in this scan, so that it and its outlets are as in the last one


cdef inline int pace_gathered(const Pace* p, long long scan) noexcept nogil:
    """Scans of whose arrivals the unit has gathered but not yet taken in, when `scan` scans are over."""
    return <int>((scan + p.phase) % p.scans)


cdef inline void pace_gather(const Pace* p, const Sheet* s, double* gathered, double* warmth) noexcept nogil:
    """Add what arrives in this scan. warmth: sum of volume flow times temperature, per stream."""
    cdef int i, k
    cdef const double* x
    for i in range(p.n_in):
        k = p.inlet[i]
        x = stream_now(s, k)
        add_to(gathered + k*s.width, x, s.used[k])
        warmth[k] += x[S_VOL]*x[S_TEMP]


cdef inline void pace_mean(const Pace* p, const Sheet* s, double* gathered, const double* warmth) noexcept nogil:
    """Make means of what was gathered; liquors mix their heat, powders their temperatures."""
    cdef int i, j
    cdef double* x
    cdef double volume, share = 1.0/p.scans
    for i in range(p.n_in):
        x = gathered + p.inlet[i]*s.width
        volume = x[S_VOL]
        for j in range(s.used[p.inlet[i]]):
            x[j] *= share
        if volume > 0.0:
            x[S_TEMP] = warmth[p.inlet[i]]/volume


cdef inline void pace_clear(const Pace* p, const Sheet* s, double* gathered, double* warmth) noexcept nogil:
    """Begin to gather anew."""
    cdef int i
    for i in range(p.n_in):
        memset(gathered + p.inlet[i]*s.width, 0, s.used[p.inlet[i]]*sizeof(double))
        warmth[p.inlet[i]] = 0.0


cdef inline void pace_hold(const Pace* p, const Sheet* s) noexcept nogil:
    """Send what was sent in the last scan."""
    cdef int i, k
    for i in range(p.n_out):
        k = p.outlet[i]
        memcpy(stream_next(s, k), stream_now(s, k), s.used[k]*sizeof(double))


cdef inline void pace_rest(
    const Pace* p, const Sheet* s, double* gathered, double* warmth, long long scan
) noexcept nogil:
    """Gathered as if what arrives had arrived all along."""
    cdef int i
    pace_clear(p, s, gathered, warmth)
    for i in range(pace_gathered(p, scan)):
        pace_gather(p, s, gathered, warmth)
