# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Columns of numbers as rows of bytes: which rows changed, and those laid one after another, in one pass each.

NumPy does the same in a dozen passes, each of which costs more than its work where there are a thousand rows ten times
a second.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.math cimport NAN, floor, nearbyint
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

cdef enum:
    HEAD = 4
    ROW = 18
    MOMENT = 8
    TAIL = 4

cdef int64_t EPOCH = 116444736000000000  # 100 ns from 1601 to 1970


cpdef int64_t ticks(double seconds) noexcept:
    """100 ns since 1601, of s since 1970: rounded to whole microseconds, half to even."""
    cdef double whole = floor(seconds)
    return (<int64_t>whole * 1000000 + <int64_t>nearbyint((seconds - whole) * 1e6)) * 10 + EPOCH


def differ(
    const double[::1] value, const double[::1] old_value,
    const uint32_t[::1] status, const uint32_t[::1] old_status, uint8_t[::1] out,
):
    """Write 1 where a value, bit by bit, or its status is another one, and 0 elsewhere. All are equally long."""
    cdef Py_ssize_t n = value.shape[0], row
    if not n == old_value.shape[0] == status.shape[0] == old_status.shape[0] == out.shape[0]:
        raise ValueError("columns of different lengths; allowed: equal ones")
    if n == 0:
        return
    cdef const int64_t* new = <const int64_t*>&value[0]
    cdef const int64_t* old = <const int64_t*>&old_value[0]
    for row in range(n):
        out[row] = (new[row] != old[row]) | (status[row] != old_status[row])


def pick(const uint8_t[::1] changed, const Py_ssize_t[::1] rows, const Py_ssize_t[::1] places, Py_ssize_t[::1] out):
    """Write the places whose rows changed, in their order; how many. rows, places and out are equally long."""
    cdef Py_ssize_t count = 0, n = rows.shape[0], at
    if not n == places.shape[0] == out.shape[0]:
        raise ValueError("columns of different lengths; allowed: equal ones")
    for at in range(n):
        out[count] = places[at]
        count += changed[rows[at]] != 0
    return count


def lay(
    const double[::1] value, const uint32_t[::1] status, const double[::1] time,
    const Py_ssize_t[::1] rows, const uint32_t[::1] handles,
    int64_t now, uint8_t mask, uint8_t kind, uint32_t bad, double latest, bint with_time, bint with_now,
    bytes before=b"", bytes after=b"",
):
    """Rows of columns as bytes: their count, handle, mask, kind, value, status, time and now of each, and -1.

    Numbers are little endian, times 100 ns since 1601. rows: of the columns; handles: one to each. with_time, with_now:
    whether these two are there at all. before, after: bytes around all that. None where one does not have this form: a status with a bit of ``bad``, a time
    before 1970 or from ``latest`` on.
    """
    cdef Py_ssize_t n = rows.shape[0], at, row
    if n != handles.shape[0]:
        raise ValueError(f"{n} rows with {handles.shape[0]} handles; allowed: one each")
    cdef Py_ssize_t size = ROW + MOMENT * with_time + MOMENT * with_now
    cdef Py_ssize_t front = len(before), back = len(after)
    laid = PyBytes_FromStringAndSize(NULL, front + HEAD + n * size + TAIL + back)
    cdef char* to = PyBytes_AS_STRING(laid)
    cdef int32_t count = <int32_t>n, nothing = -1
    cdef double second, last = NAN
    cdef int64_t moment = 0
    memcpy(to, PyBytes_AS_STRING(before), front)
    to += front
    memcpy(to, &count, 4)
    to += HEAD
    for at in range(n):
        row = rows[at]
        second = time[row]
        if second != last and with_time:  # most are of one scan
            if not 0.0 <= second < latest:
                return None
            last, moment = second, ticks(second)
        if status[row] & bad:
            return None
        memcpy(to, &handles[at], 4)
        to[4] = <char>mask
        to[5] = <char>kind
        memcpy(to + 6, &value[row], 8)
        memcpy(to + 14, &status[row], 4)
        if with_time:
            memcpy(to + ROW, &moment, MOMENT)
        if with_now:
            memcpy(to + size - MOMENT, &now, MOMENT)
        to += size
    memcpy(to, &nothing, 4)
    memcpy(to + TAIL, PyBytes_AS_STRING(after), back)
    return laid
