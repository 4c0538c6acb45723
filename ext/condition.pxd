# cython: language_level=3, cdivision=True
"""Comparisons of a row with a value: what suppresses an alarm, what trips an interlock."""

from quality cimport is_bad

cdef enum:
    WHEN_EQUAL = 1
    WHEN_BELOW = 2
    WHEN_ABOVE = 3
    WHEN_BAD = 4        # the row's quality is Bad, whatever its value

cdef struct Condition:
    int relation
    int row
    double value


cdef inline bint condition_holds(const Condition* c, double back, const double* sig, const unsigned int* qual) noexcept nogil:
    """Whether the comparison holds, with its value drawn back by `back`, so that what holds goes on holding a little longer."""
    cdef double x = sig[c.row]
    if c.relation == WHEN_BAD:
        return is_bad(qual[c.row])
    return (x == c.value if c.relation == WHEN_EQUAL else
            x < c.value + back if c.relation == WHEN_BELOW else x > c.value - back)
