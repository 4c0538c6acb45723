# cython: language_level=3, cdivision=True
"""A stirred vessel of liquor: inflow, outlets, jacket, and the acidity of what is in it."""

from libc.math cimport fabs, sqrt

from numerics cimport add_to, scale_into
from sheet cimport (Sheet, Outlet, MAX_IN, MAX_OUT, S_TEMP, S_VOL, S_MOL, RHO_CP, KW, SHELL, driven_flow, stream_now, send, liquid_volume, dmax,
                    dmin)

cdef extern from *:
    """
    #define STILL 0.05           /* [T] of the solids that stay in suspension without the agitator */
    #define WEIR_S 60.0          /* [T] s in which what stands above the weir would run off */
    #define TANK_DRY 0.005       /* [T] of the span, at which a pump gives half of what it should */
    """
    const double STILL, WEIR_S, TANK_DRY

cdef struct Tank:
    int n_in
    int inlet[8]
    int n_out
    Outlet outlet[4]
    double span         # m3 at 100 % level
    double weir         # m3 above which liquor overflows through the outlets without a drive
    double loss         # W/K to the surroundings
    double ambient      # K
    double jacket       # W/K at full jacket flow
    int cooling         # actuators, -1 if absent
    int heating
    double cold         # jacket media, K
    double hot
    int cold_from       # probe: temperature of the header that cools it; -1: `cold` stands
    int hot_from
    int agitator


cdef inline double free_acid(double net) noexcept nogil:
    """[H+] of a solution whose net acidity [H+] - [OH-] is `net` (mol/L)."""
    return 0.5*(net + sqrt(net*net + 4.0*KW)) if net > 0.0 else 2.0*KW/(sqrt(net*net + 4.0*KW) - net)


cdef inline double buffered_acid(double net, double total, double ka) noexcept nogil:
    """[H+] with net = h - Kw/h - T Ka/(Ka + h) beside T mol/L of a weak acid, all in mol/L: Newton within a bracket, whose
    geometric mean takes the place of a step that leaves it or is no better than halving."""
    cdef double high = dmax(net, 0.0) + total + 1e-7, low = KW/(high + dmax(-net, 0.0)), h, g, d, last = 1e300
    cdef int i
    h = free_acid(net + total) if net + total < 0.0 else sqrt(ka*1e-7) if net < 0.0 else free_acid(net)
    if h <= low or h >= high:
        h = sqrt(low*high)
    for i in range(60):
        g = h - KW/h - total*ka/(ka + h) - net
        if g > 0.0:
            high = h
        else:
            low = h
        d = h - g/(1.0 + KW/(h*h) + total*ka/((ka + h)*(ka + h)))
        if fabs(d - h) < 1e-13*h:
            return d
        if d < (1.0 - 1e-9)*low or d > (1.0 + 1e-9)*high or fabs(g) > 0.5*last:
            d = sqrt(low*high)
        last = fabs(g)
        h = d
    return h


cdef inline double stirring(const Tank* t, const Sheet* s) noexcept nogil:
    """1 when stirred."""
    return 1.0 if t.agitator < 0 else STILL + (1.0 - STILL)*s.drive[t.agitator]


cdef inline double outlet_flow(const Outlet* o, const Tank* t, const Sheet* s, double volume) noexcept nogil:
    """Liquid flow through one outlet [m3/s]; an almost empty vessel gives less than its pump asks for."""
    cdef double q, v = dmax(volume, 0.0)
    if o.drive < 0:
        return dmax(v - t.weir, 0.0)/WEIR_S
    q = driven_flow(o, s)
    if o.head:
        q *= sqrt(v/t.span)
    q = q*v/(v + TANK_DRY*t.span)
    return q if o.limit == NULL else dmin(q, o.limit[0])


cdef inline double tank_heat_capacity(const Tank* t, double volume) noexcept nogil:
    """J/K of so many m3 and of the vessel around them."""
    return RHO_CP*(dmax(volume, 0.0) + SHELL*t.span)


cdef inline double tank_mix(const Tank* t, const Sheet* s, const double* n, double temp, double* f, double* out) noexcept nogil:
    """f = sum of inflows - n Q/V for every species, f[nc] = dT/dt without reactions [K/s], out = molar outflow [mol/s].

    Returns the heat capacity of the contents [J/K], to which a unit adds its heats of reaction.
    """
    cdef int i, k
    cdef double v = liquid_volume(s, n), q = 0.0, rate, heat, cap, solids
    cdef const double* x
    for k in range(t.n_out):
        q += outlet_flow(&t.outlet[k], t, s, v)
    rate = q/dmax(v, 1e-9)
    solids = rate*stirring(t, s)
    scale_into(out, rate, n, s.nc)
    if solids != rate:
        scale_into(out + s.na, solids, n + s.na, s.nc - s.na)
    scale_into(f, -1.0, out, s.nc)
    cap = tank_heat_capacity(t, v)
    heat = t.loss*(t.ambient - temp)
    if t.cooling >= 0:
        heat += t.jacket*s.drive[t.cooling]*((s.probe[t.cold_from] if t.cold_from >= 0 else t.cold) - temp)
    if t.heating >= 0:
        heat += t.jacket*s.drive[t.heating]*((s.probe[t.hot_from] if t.hot_from >= 0 else t.hot) - temp)
    for k in range(t.n_in):
        x = stream_now(s, t.inlet[k])
        heat += RHO_CP*x[S_VOL]*(x[S_TEMP] - temp)
        add_to(f, x + S_MOL, s.nc)
    f[s.nc] = heat/cap
    return cap


cdef inline void tank_send(const Tank* t, Sheet* s, const double* n, double temp, const double* out) noexcept nogil:
    """Share the molar outflow `out` [mol/s] among the outlets in proportion to their flows."""
    cdef int k
    cdef double q[4]
    cdef double total = 0.0, v = liquid_volume(s, n)
    for k in range(t.n_out):
        q[k] = outlet_flow(&t.outlet[k], t, s, v)
        total += q[k]
    for k in range(t.n_out):
        send(s, t.outlet[k].stream, temp, out, q[k]/total if total > 0.0 else 1.0/t.n_out)
