# cython: language_level=3, cdivision=True
"""Air of a hall over a bund: what has leaked into the bund gives off hydrogen chloride until it has drained to the sump, and
some of what the leach tanks in the hall give off escapes past their lids.

    dV/dt = -V/drained,  dc/dt = (e V/(V + wet) + sum a_k x_k)/volume - c/exchange
    x_k = fugitive + (lids - fugitive) min(p_k/PRESSED, 1), p_k > 0         V m3 in the bund, c kg of HCl per m3 of air

A leak adds to V, see plantsim/model/compose/faults.py; its acid has left the plant's balance by then. What a tank gives off,
a_k kg/s, goes with its sweep in the balance; x_k of it, a few g/h, is seen here. A scan's step is implicit, so that any step
is stable.
"""

from numerics cimport clip
from sheet cimport Sheet

cdef extern from *:
    """
    #define PRESSED 0.2          /* [T] Pa in a dome from which its lids blow outward */
    """
    const double PRESSED

cdef struct Hall:
    double volume       # m3 of air
    double exchange     # s in which the ventilation renews it
    double evaporation  # kg/s of HCl that a wet bund gives off
    double wet          # m3 that wet half of it
    double drained      # s
    double leak_at      # m3 that the leak switch notices
    double background   # kg/m3 that there always is
    double ambient      # K
    int n
    int* vapour         # probes of the leach tanks: kg/s of HCl, pressure in the dome Pa
    int* dome
    double fugitive     # share that escapes past lids under draught
    double lids         # under pressure
    int probe

cdef enum:
    HALL_PROBES = 3     # HCl kg/m3, temperature K, 1: liquid in the bund


cdef inline void hall_step(const Hall* u, Sheet* s, double* y, double tick) noexcept nogil:
    """States: m3 in the bund, kg/m3 of HCl above the background."""
    cdef double* p = s.probe + u.probe
    cdef double share, escaped = 0.0, made
    cdef int k
    for k in range(u.n):
        share = u.fugitive + (u.lids - u.fugitive)*clip(s.probe[u.dome[k]]/PRESSED, 0.0, 1.0)
        escaped += share*s.probe[u.vapour[k]]
    y[0] /= 1.0 + tick/u.drained
    made = escaped + u.evaporation*y[0]/(y[0] + u.wet)
    y[1] = (y[1] + tick*made/u.volume)/(1.0 + tick/u.exchange)
    p[0] = y[1] + u.background
    p[1] = u.ambient
    p[2] = y[0] > u.leak_at
