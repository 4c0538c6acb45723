# cython: language_level=3, cdivision=True
"""Reagent tank that is charged in batches, with its temperature: what dissolving, a heater and its own decomposition make of it.

    dx/dt = -x Q/V - r,  dw/dt = -w Q/V + r,  r = k(T) x        mol of reagent, mol of water; r: to water and half an O2
    k(T) = k exp(E/R (1/298.15 K - 1/T))
    RHO_CP (V + SHELL span) dT/dt = heater + loss (ambient - T) + h r

A batch comes when less than `refill_at` is left: water and reagent at their temperature, with the heat of dissolving. What
befalls a tank of some hundred litres takes hours, so that a scan's step forward is exact enough. What would heat it past its
boiling point boils off as water. States: x, w, T.
"""

from numerics cimport fast_exp
from sheet cimport Outlet, R_GAS, RHO_CP, SHELL, STORE_DRY, S_MOL, S_TEMP, S_VOL, Sheet, dmin, driven_flow, liquid_volume, stream_next

cdef extern from *:
    """
    #define BOILING 378.15       /* [T] K, of a reagent at 105 C */
    #define STEAM 40.7e3         /* [C] J/mol of water boiled off */
    """
    const double BOILING, STEAM

cdef struct ReagentTank:
    int n_out
    Outlet outlet[4]
    double* per             # mol of every species in a mol of reagent
    double solute_volume    # m3/mol of it
    double solute_mass      # kg/mol
    double span             # m3 at 100 %
    double refill_at        # m3
    double reagent, water   # mol in a batch
    double batch            # K, its temperature as it is dissolved
    double batch_capacity   # J/K
    double loss             # W/K
    double ambient          # K
    int heater              # -1: none
    double power            # W at full output
    double decay            # 1/s at 25 C
    double activation       # J/mol
    double heat             # J/mol given off by decomposition
    int probe

cdef enum:
    REAGENT_PROBES = 6      # level, temperature K, volume m3, strength mol/m3, draw kg/s, heat of decomposition W


cdef inline double reagent_volume(const ReagentTank* u, const Sheet* s, const double* y) noexcept nogil:
    return y[0]*u.solute_volume + y[1]*s.vmol[s.i_h2o]


cdef inline double reagent_decay(const ReagentTank* u, const double* y) noexcept nogil:
    """mol/s that decompose."""
    return u.decay*fast_exp(u.activation/R_GAS*(1.0/298.15 - 1.0/y[2]))*y[0] if u.decay > 0.0 else 0.0


cdef inline void reagent_batch(const ReagentTank* u, Sheet* s, double* y, double capacity) noexcept nogil:
    """A batch comes to what is there, of so many J/K."""
    cdef int i
    y[2] = (capacity*y[2] + u.batch_capacity*u.batch)/(capacity + u.batch_capacity)
    y[0] += u.reagent
    y[1] += u.water
    for i in range(s.nc):
        s.edge_in[i] += u.reagent*u.per[i]
    s.edge_in[s.i_h2o] += u.water


cdef inline void reagent_boil(Sheet* s, double* y, double capacity) noexcept nogil:
    """Heat past the boiling point, of a tank of so many J/K, goes off with steam as long as there is water."""
    cdef double steam = dmin((y[2] - BOILING)*capacity/STEAM, y[1])
    y[1] -= steam
    s.edge_out[s.i_h2o] += steam
    y[2] = BOILING


cdef inline void reagent_step(const ReagentTank* u, Sheet* s, double* y, double tick) noexcept nogil:
    cdef double v = reagent_volume(u, s, y), draw = 0.0, decayed = tick*reagent_decay(u, y), q, part
    cdef double capacity = RHO_CP*(v + SHELL*u.span)
    cdef double* out
    cdef double* p = s.probe + u.probe
    cdef int i, k
    for k in range(u.n_out):
        q = driven_flow(&u.outlet[k], s)*v/(v + STORE_DRY*u.span)
        part = q/v if v > 0.0 else 0.0
        out = stream_next(s, u.outlet[k].stream)
        for i in range(s.na):
            out[S_MOL + i] = part*y[0]*u.per[i]
        out[S_MOL + s.i_h2o] += part*y[1]
        out[S_TEMP] = y[2]
        out[S_VOL] = liquid_volume(s, out + S_MOL)
        draw += part
    p[4] = draw*(y[0]*u.solute_mass + y[1]*s.mass[s.i_h2o])
    p[5] = reagent_decay(u, y)*u.heat
    part = u.loss*(u.ambient - y[2])
    if u.heater >= 0:
        part += u.power*s.drive[u.heater]
    y[2] += (tick*part + decayed*u.heat)/capacity
    draw *= tick
    y[0] -= draw*y[0] + decayed
    y[1] += decayed - draw*y[1]
    s.edge_out[s.i_o2] += 0.5*decayed
    if y[2] > BOILING:
        reagent_boil(s, y, capacity)
    v = reagent_volume(u, s, y)
    if v < u.refill_at:
        reagent_batch(u, s, y, RHO_CP*(v + SHELL*u.span))
        v = reagent_volume(u, s, y)
    p[0] = v/u.span
    p[1] = y[2]
    p[2] = v
    p[3] = y[0]/v if v > 0.0 else 0.0
