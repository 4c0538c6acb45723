# cython: language_level=3, cdivision=True
"""Stores at the boundary: reagent tanks with deliveries, water mains, product hoppers with lots and off-spec drums."""

from numerics cimport dot
from sheet cimport Sheet, Outlet, MAX_IN, S_TEMP, S_VOL, S_MOL, STORE_DRY, driven_flow, liquid_volume, stream_now, stream_next

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
    cdef double q, draw = 0.0, left = 1.0
    cdef int i, k
    if u.span > 0.0:
        left = y[0]/(y[0] + STORE_DRY*u.span)
    for k in range(u.n_out):
        q = driven_flow(&u.outlet[k], s)*left
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
    int divert                  # actuator: open to the hopper, closed to the off-spec drum; -1: all goes to the hopper
    int close                   # hand switch that closes the lot before it is full; -1: none
    double bag_at               # kg: the lot is closed, or the drum taken away, when more is in
    double* oxide               # kg of oxide that a mol of every species leaves on ignition
    double* pure                # the same of the product's metals alone
    double spec                 # least share of pure in oxide
    int size                    # probe: mean size of the oxalate crystals, m; -1: unknown
    double size_ratio           # of an oxide particle to its oxalate crystal
    double* certificate         # ring of HOPPER_LOTS rows: number, start s, end s, size m, mol of every species
    int probe


cdef enum:
    HOPPER_PROBES = 5           # weight kg, lots closed, weight of the drum kg, oxide off spec kg/s, size of what comes m
    HOPPER_LOTS = 32            # certificates that are kept
    HOPPER_ROW = 4              # of a certificate, before the amounts
    HOPPER_MORE = 4             # states behind the amounts
    H_LOTS = 0                  # lots closed
    H_START = 1                 # s, plant time at which the lot was begun
    H_KG = 2                    # kg that came with a known size
    H_KG_M = 3                  # kg times m


cdef inline void hopper_close(Hopper* u, Sheet* s, double* y, double now) noexcept nogil:
    """End the lot: write its certificate, book it as left, begin the next."""
    cdef double* more = y + 2*s.nc
    cdef double* c
    cdef int i
    more[H_LOTS] += 1.0
    c = u.certificate + (HOPPER_ROW + s.nc)*((<long long>more[H_LOTS] - 1) % HOPPER_LOTS)
    c[0] = more[H_LOTS]
    c[1] = more[H_START]
    c[2] = now
    c[3] = more[H_KG_M]/more[H_KG] if more[H_KG] > 0.0 else 0.0
    for i in range(s.nc):
        c[HOPPER_ROW + i] = y[i]
        s.edge_out[i] += y[i]
        y[i] = 0.0
    more[H_START] = now
    more[H_KG] = 0.0
    more[H_KG_M] = 0.0


cdef inline void hopper_step(Hopper* u, Sheet* s, double* y, double tick) noexcept nogil:
    """States: mol of every species in the hopper, mol of every species in the off-spec drum, lots closed, start of the lot,
    kg and kg times size of what came with a known size."""
    cdef const double* x = stream_now(s, u.inlet)
    cdef double* drum = y + s.nc
    cdef double* more = y + 2*s.nc
    cdef double share = s.drive[u.divert] if u.divert >= 0 else 1.0
    cdef double oxide = dot(x + S_MOL, u.oxide, s.nc), pure = dot(x + S_MOL, u.pure, s.nc), kg, weight
    cdef int i
    for i in range(s.nc):
        y[i] += tick*share*x[S_MOL + i]
    if share < 1.0:
        for i in range(s.nc):
            drum[i] += tick*(1.0 - share)*x[S_MOL + i]
    if u.size >= 0:
        kg = tick*share*dot(x + S_MOL, s.mass, s.nc)
        more[H_KG] += kg
        more[H_KG_M] += kg*u.size_ratio*s.probe[u.size]
    weight = dot(y, s.mass, s.nc)
    if weight > u.bag_at or (weight > 0.0 and u.close >= 0 and s.drive[u.close] > 0.0):
        hopper_close(u, s, y, s.time + tick)
        weight = 0.0
    s.probe[u.probe] = weight
    s.probe[u.probe + 1] = more[H_LOTS]
    weight = dot(drum, s.mass, s.nc)
    if weight > u.bag_at:
        for i in range(s.nc):
            s.edge_out[i] += drum[i]
            drum[i] = 0.0
        weight = 0.0
    s.probe[u.probe + 2] = weight
    s.probe[u.probe + 4] = u.size_ratio*s.probe[u.size] if u.size >= 0 else 0.0
    s.probe[u.probe + 3] = oxide if pure < u.spec*oxide else oxide*(1.0 - share)
