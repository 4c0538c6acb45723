# cython: language_level=3, cdivision=True
"""Air of a hall over a bund: what has leaked into the bund gives off hydrogen chloride until it has drained to the sump.

    dV/dt = -V/drained,  dc/dt = e V/(V + wet)/volume - c/exchange      V m3 in the bund, c kg of HCl per m3 of air

A leak adds to V, see plantsim/model/compose/faults.py; its acid has left the plant's balance by then. A scan's step is
implicit, so that any step is stable.
"""

from sheet cimport Sheet

cdef struct Hall:
    double volume       # m3 of air
    double exchange     # s in which the ventilation renews it
    double evaporation  # kg/s of HCl that a wet bund gives off
    double wet          # m3 that wet half of it
    double drained      # s
    double leak_at      # m3 that the leak switch notices
    double background   # kg/m3 that there always is
    double ambient      # K
    int probe

cdef enum:
    HALL_PROBES = 3     # HCl kg/m3, temperature K, 1: liquid in the bund


cdef inline void hall_step(const Hall* u, Sheet* s, double* y, double tick) noexcept nogil:
    """States: m3 in the bund, kg/m3 of HCl above the background."""
    cdef double* p = s.probe + u.probe
    y[0] /= 1.0 + tick/u.drained
    y[1] = (y[1] + tick*u.evaporation*y[0]/(y[0] + u.wet)/u.volume)/(1.0 + tick/u.exchange)
    p[0] = y[1] + u.background
    p[1] = u.ambient
    p[2] = y[0] > u.leak_at
