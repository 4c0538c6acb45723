# cython: language_level=3, cdivision=True
"""What happened in which scan: a ring that the scan fills and Python empties between batches."""

cdef enum:
    FROM_ALARM = 0      # who reports
    FROM_INTERLOCK = 1
    FROM_FEED = 2
    FROM_MALFUNCTION = 3

cdef struct Event:
    long long scan
    int source          # FROM_*
    int index           # in the table of that source
    int what            # the source's own code

cdef struct EventLog:
    Event* event        # event k stands at k modulo capacity
    long long count     # events since the start; a reader that is more than `capacity` behind has lost some
    int capacity


cdef inline void log_event(EventLog* log, long long scan, int source, int index, int what) noexcept nogil:
    cdef Event* e = &log.event[log.count % log.capacity]
    e.scan = scan
    e.source = source
    e.index = index
    e.what = what
    log.count += 1
