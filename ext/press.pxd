# cython: language_level=3, cdivision=True
"""Filter press: a batch cycle of filling, filtering, washing, blowing and discharging, as its valves have it.

Cake resists in proportion to its solids, as Ruth's law says (Ruth, Montillon and Montonna 1933):

    q = A dp/(mu R),  R = alpha m/A + R0 + Rb      m: kg of solids in the cake, R0: clean cloth, Rb: what blinds it

What the pump gives passes as long as dp stays below what the pump can do; from there on the flow is what that pressure
drives, down to nothing when cake fills the chambers. No filtrate comes before the chambers are full of liquor. Wash water displaces
the liquor as exp(-e N), N being its volume over that of the liquor, and 1 - e of it finds its way past the cake. Air
drives out the liquor above what the cake keeps by its moisture, in first order. An open press lets go of its cake evenly
over a time, and what runs in falls through. Each discharge leaves solids in the cloth, which water on the open press rinses off.

A clean cloth lets solids through until they bridge its pores: the share that passes falls with what has been filtered on
each area v, as exp(-v/v0) (complete blocking at constant flow, Hermia 1982). A divert valve sends the filtrate back instead of on.
Cake falls into a skip; a full one is taken away when the press closes.

The solver of the steady state sees the mean over the cycle instead: a filter that is always at work (ext/filter.pxd).

States: mol of every species in the chambers, their temperature [K], and P_*.
"""

from filter cimport Filter, filter_step
from numerics cimport dot, fast_exp
from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, stream_now, stream_next, liquid_volume, dmax, dmin

cdef struct FilterPress:
    Filter average              # inlets, outlets, what the cake keeps, and the mean over the cycle
    int closing                 # actuators: at 1 the press is closed
    int feed                    # valve before the press, -1: none
    int blow                    # air valve, -1: none
    int divert                  # valve that lets filtrate on rather than back, -1: none
    int back                    # stream of the filtrate that goes back, -1: none
    double area                 # m2
    double chambers             # m3
    double solids_density       # kg/m3
    double porosity             # of the cake
    double resistance           # alpha, m/kg
    double cloth                # R0, 1/m
    double blinding             # 1/m that a discharge adds
    double rinse                # m3 of water that take it down to 1/e
    double viscosity            # Pa s
    double pump                 # Pa, the most that the pump can do
    double air                  # Pa
    double blow_time            # s
    double discharge            # s
    double bleed                # share of the solids that a clean cloth lets through
    double bridge               # v0, m3/m2
    double ntu                  # turbidity, NTU per kg/m3 of solids
    double skip                 # kg of cake

cdef enum:
    P_TEMP = 0          # behind the species
    P_FILTRATE = 1      # m3 since the last discharge
    P_WASH = 2          # of liquor volumes
    P_OPEN = 3          # s
    P_CYCLES = 4
    P_BLIND = 5         # 1/m
    P_TAKES = 6         # m3/s that the press lets in at most, read by the pump before it
    P_SKIP = 7          # kg of cake in the skip
    P_UNRINSED = 8      # discharges since the cloth was rinsed
    PRESS_MORE = 9
    # of the filter four; dp Pa, solids kg, contents kg, filtrate m3, discharges, share of the chambers with cake, turbidity
    # of the filtrate NTU, skip kg, discharges since a rinse, 1 when it is closed
    PRESS_PROBES = 14

cdef extern from *:
    """
    #define PRESS_CLOSED 0.98           /* of the way of the closing ram */
    #define PRESS_NO_RESISTANCE 1.0     /* m3/s, more than any pump gives */
    """
    const double PRESS_CLOSED, PRESS_NO_RESISTANCE


cdef inline double press_resistance(const FilterPress* u, double solids, double blind) noexcept nogil:
    """1/m."""
    return u.resistance*solids/u.area + u.cloth + blind


cdef inline double press_fullness(const FilterPress* u, double solids) noexcept nogil:
    """Share of the chambers that cake takes."""
    return solids/(u.solids_density*(1.0 - u.porosity)*u.chambers)


cdef inline double press_passing(const FilterPress* u, double filtered) noexcept nogil:
    """Share of the solids that passes the cloth, after so many m3 of filtrate."""
    if u.bleed <= 0.0:
        return u.average.passing
    return dmin(u.average.passing + u.bleed*fast_exp(-dmin(filtered/(u.area*u.bridge), 50.0)), 1.0)


cdef inline void press_filter(
    FilterPress* u, Sheet* s, const double* y, const double* x, const double* w, double h, double* fil, double* wash,
    double* dp
) noexcept nogil:
    """What leaves the closed press [mol] in h s as filtrate; the liquor volumes washed, and the pressure drop [Pa]."""
    cdef const Filter* f = &u.average
    cdef double e = f.efficiency, arrived = dot(x + S_MOL + s.na, s.mass + s.na, s.nc - s.na)
    cdef double solids = dot(y + s.na, s.mass + s.na, s.nc - s.na) + h*arrived
    cdef double liquor = liquid_volume(s, y), room = dmax(u.chambers - solids/u.solids_density, 0.0)
    cdef double mixed, through, blown = 0.0, share, kept, passing = 0.0
    cdef int i
    wash[0] = e*h*w[S_VOL]/dmax(liquor, 1e-12) if w[S_VOL] > 0.0 else 0.0
    mixed = liquor + h*(x[S_VOL] + e*w[S_VOL])
    through = dmax(mixed - room, 0.0)
    if u.blow >= 0 and s.drive[u.blow] > 0.0:
        kept = solids*f.moisture/(1.0 - f.moisture)/f.density
        blown = dmax(mixed - through - kept, 0.0)*(1.0 - fast_exp(-dmin(h*s.drive[u.blow]/u.blow_time, 50.0)))
    share = (through + blown)/dmax(mixed, 1e-12)
    if x[S_VOL] > 0.0:      # with the liquor that comes with them
        passing = press_passing(u, y[s.nc + P_FILTRATE])*dmin(through/(h*x[S_VOL]), 1.0)
        solids -= passing*h*arrived
    for i in range(s.na):
        fil[i] = share*(y[i] + h*(x[S_MOL + i] + e*w[S_MOL + i])) + h*(1.0 - e)*w[S_MOL + i]
    for i in range(s.na, s.nc):
        fil[i] = h*(passing*x[S_MOL + i] + w[S_MOL + i])
    dp[0] = u.viscosity*(through/h + (1.0 - e)*w[S_VOL])/u.area*press_resistance(u, solids, y[s.nc + P_BLIND])
    if u.blow >= 0:
        dp[0] = dmax(dp[0], u.air*s.drive[u.blow])


cdef inline void press_divert(const FilterPress* u, Sheet* s, double* fil, double on) noexcept nogil:
    """Send all but the share `on` of the filtrate back."""
    cdef double* back
    cdef int i
    if u.back < 0:
        return
    back = stream_next(s, u.back)
    for i in range(s.nc):
        back[S_MOL + i] = (1.0 - on)*fil[S_MOL + i]
        fil[S_MOL + i] -= back[S_MOL + i]
    back[S_TEMP] = fil[S_TEMP]
    back[S_VOL] = (1.0 - on)*fil[S_VOL]
    fil[S_VOL] -= back[S_VOL]


cdef inline void press_step(FilterPress* u, Sheet* s, double* y, double tick) noexcept nogil:
    """One tick; a tick of nothing tells what would leave, and leaves the press alone."""
    cdef const double* x = stream_now(s, u.average.inlet)
    cdef const double* w = stream_now(s, u.average.wash)
    cdef double* fil = stream_next(s, u.average.filtrate)
    cdef double* cake = stream_next(s, u.average.cake)
    cdef double* more = y + s.nc
    cdef double* p = s.probe + u.average.probe
    cdef double h = tick if tick > 0.0 else 0.1, liquor, left, share = 0.0, wash = 0.0, dp = 0.0, solids, temp, v
    cdef bint closed = s.drive[u.closing] > PRESS_CLOSED
    cdef int i
    p[13] = closed
    if s.averaged:
        filter_step(&u.average, s)
        press_divert(u, s, fil, 1.0)
        p[4] = 0.0
        p[10] = 0.0
        more[P_TAKES] = PRESS_NO_RESISTANCE
        return
    liquor = liquid_volume(s, y)
    v = liquor + h*(x[S_VOL] + w[S_VOL])
    temp = more[P_TEMP]
    if v > 1e-12:
        temp = (liquor*temp + h*(x[S_VOL]*x[S_TEMP] + w[S_VOL]*w[S_TEMP]))/v
    if closed:
        press_filter(u, s, y, x, w, h, fil + S_MOL, &wash, &dp)
        for i in range(s.nc):
            cake[S_MOL + i] = 0.0
    else:
        left = u.discharge - more[P_OPEN]
        share = h/left if left > h else 1.0
        for i in range(s.nc):
            fil[S_MOL + i] = 0.0
            cake[S_MOL + i] = share*(y[i] + h*(x[S_MOL + i] + w[S_MOL + i]))
    if tick > 0.0:
        if not closed and left > 0.0 and share == 1.0 and dot(y + s.na, s.mass + s.na, s.nc - s.na) > 0.0:
            more[P_CYCLES] += 1.0
            more[P_BLIND] += u.blinding
            more[P_UNRINSED] += 1.0
            more[P_FILTRATE] = 0.0
            more[P_WASH] = 0.0
        for i in range(s.nc):
            y[i] = y[i] + h*(x[S_MOL + i] + w[S_MOL + i]) - fil[S_MOL + i] - cake[S_MOL + i]
            if share == 1.0:
                y[i] = 0.0      # exactly, whatever the rounding
        more[P_TEMP] = temp
        more[P_WASH] += wash
        if closed:
            if more[P_OPEN] > 0.0 and u.skip > 0.0 and more[P_SKIP] > u.skip:
                more[P_SKIP] = 0.0
            more[P_OPEN] = 0.0
        else:
            more[P_OPEN] += h
            if w[S_VOL] > 0.0:
                more[P_UNRINSED] = 0.0
            more[P_BLIND] *= fast_exp(-dmin(h*w[S_VOL]/u.rinse, 50.0))
    for i in range(s.nc):
        fil[S_MOL + i] /= h
        cake[S_MOL + i] /= h
    fil[S_TEMP] = temp
    cake[S_TEMP] = temp
    fil[S_VOL] = liquid_volume(s, fil + S_MOL)
    cake[S_VOL] = liquid_volume(s, cake + S_MOL)
    p[0] = dot(cake + S_MOL, s.mass, s.nc)
    p[1] = fil[S_VOL]
    if fil[S_VOL] > 0.0:    # what hangs in an idle line reads as it did
        p[10] = u.ntu*dot(fil + S_MOL + s.na, s.mass + s.na, s.nc - s.na)/fil[S_VOL]
    if tick > 0.0:
        more[P_FILTRATE] += tick*fil[S_VOL]
        more[P_SKIP] += tick*p[0]
    press_divert(u, s, fil, s.drive[u.divert] if u.divert >= 0 else 1.0)
    solids = dot(y + s.na, s.mass + s.na, s.nc - s.na)
    more[P_TAKES] = PRESS_NO_RESISTANCE
    if closed:
        more[P_TAKES] = dmin(u.area*u.pump/(u.viscosity*press_resistance(u, solids, more[P_BLIND])), PRESS_NO_RESISTANCE)
        if press_fullness(u, solids) >= 1.0:
            more[P_TAKES] = 0.0
    if u.feed >= 0:
        more[P_TAKES] *= s.drive[u.feed]
    p[2] = more[P_WASH]/dmax(u.average.efficiency, 1e-12)
    p[3] = 1.0 - fast_exp(-dmin(more[P_WASH], 50.0))
    p[4] = dp
    p[5] = solids
    p[6] = dot(y, s.mass, s.nc)
    p[7] = more[P_FILTRATE]
    p[8] = more[P_CYCLES]
    p[9] = press_fullness(u, solids)
    p[11] = more[P_SKIP]
    p[12] = more[P_UNRINSED]
