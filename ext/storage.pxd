# cython: language_level=3, cdivision=True
"""Stores at the boundary: reagent tanks with deliveries, water mains, product hoppers with bagging."""

from numerics cimport dot
from sheet cimport Sheet, Outlet, MAX_IN, S_TEMP, S_VOL, S_MOL, liquid_volume, stream_now, stream_next

cdef struct Store:
    int n_out
    Outlet outlet[12]
    double* molar               # mol of every species per m3 of liquor
    double temperature
    double span                 # m3 at 100 %; 0: a main that never runs dry
    double refill_at            # m3: a delivery comes when less is left
    double delivery             # m3
    int probe


cdef enum:
    STORE_PROBES = 3            # level, volume, draw m3/s


cdef inline void store_send(const Store* u, Sheet* s, int stream, double q) noexcept nogil:
    """q m3/s of the liquor, which has nothing undissolved: that part of the stream is nought since the start."""
    cdef double* out = stream_next(s, stream)
    cdef int i
    for i in range(s.na):
        out[S_MOL + i] = q*u.molar[i]
    out[S_TEMP] = u.temperature
    out[S_VOL] = liquid_volume(s, out + S_MOL)


cdef inline void store_step(Store* u, Sheet* s, double* y, double tick) noexcept nogil:
    """State: m3 in the store."""
    cdef double q, draw = 0.0
    cdef int i, k
    for k in range(u.n_out):
        q = u.outlet[k].capacity*u.outlet[k].factor*s.drive[u.outlet[k].drive]
        if u.span > 0.0:
            q *= y[0]/(y[0] + 0.002*u.span)
        store_send(u, s, u.outlet[k].stream, q)
        draw += q
    if u.span > 0.0:
        y[0] -= draw*tick
        if y[0] < u.refill_at:
            y[0] += u.delivery
            for i in range(s.nc):
                s.edge_in[i] += u.delivery*u.molar[i]
        s.probe[u.probe] = y[0]/u.span
    else:
        for i in range(s.na):
            s.edge_in[i] += draw*tick*u.molar[i]
        s.probe[u.probe] = 1.0
    s.probe[u.probe + 1] = y[0]
    s.probe[u.probe + 2] = draw


cdef struct Hopper:
    int inlet
    double bag_at               # kg: the lot is bagged when more is in
    int probe


cdef enum:
    HOPPER_PROBES = 2           # weight kg, lots bagged


cdef inline void hopper_step(Hopper* u, Sheet* s, double* y, double tick) noexcept nogil:
    """States: mol of every species, lots bagged."""
    cdef const double* x = stream_now(s, u.inlet)
    cdef double weight
    cdef int i
    for i in range(s.nc):
        y[i] += tick*x[S_MOL + i]
    weight = dot(y, s.mass, s.nc)
    if weight > u.bag_at:
        for i in range(s.nc):
            s.edge_out[i] += y[i]
            y[i] = 0.0
        y[s.nc] += 1.0
        weight = 0.0
    s.probe[u.probe] = weight
    s.probe[u.probe + 1] = y[s.nc]
