# cython: language_level=3, cdivision=True
"""Utility headers: water in a circuit, cooled or heated, and gas in a main; what their consumers get of them.

Water, at the pressure p and the temperature T, with consumers k open by s_k, of which the jackets have U_k and hold T_k:

    p rests at  f p0 n^2/(1 + (p0/pd - 1) (sum D_k s_k/Q)^2)     n, p0, Q: speed, shut-off pressure and flow of the pump
    lag dp/dt = p_rest - p
    C dT/dt = heater + sum U_k s_k (T_k - T) - K n (T - Tc) - loss (T - ambient)

A jacket gives all it can down to the pressure pd, at which Q is what the pump gives, and sqrt(p/pd) of that below.

Gas, with a regulator that opens over a band below its set point:

    V/(R T) dp/dt = f M min((ps - p)/band, 1) - use min(p/pd, 1) - sum D_k s_k

f is 1 when healthy, for malfunctions. A consumer's opening s_k has in it what the header gave in the scan before, of a gas
min(p/pd, 1). States: Pa above the atmosphere, of water K besides.
"""

from libc.math cimport sqrt

from numerics cimport clip
from sheet cimport NORMAL_T, R_GAS, Sheet

cdef extern from *:
    """
    #define THERMOSTAT 378.15    /* [T] K: a heater of 105 C has its own, that goes out over its last kelvin */
    """
    const double THERMOSTAT

cdef struct Consumers:
    int n
    int* drive          # openings
    double* draw        # m3/s or mol/s at full opening

cdef struct WaterCircuit:
    Consumers to
    int pump            # -1: it is always pumped
    int heater          # -1: none
    double* exchange    # W/K of every consumer at full opening
    int* warm           # probe: temperature in what the consumer heats or cools
    double shut_off     # Pa
    double pressure     # Pa, pd
    double flow         # m3/s
    double lag          # s
    double power        # W of the heater at full output
    double capacity     # J/K
    double cooler       # W/K
    double cooled_to    # K
    double loss         # W/K
    double ambient      # K
    double supply       # 1 when healthy
    int probe

cdef struct GasMain:
    Consumers to
    double set_point    # Pa
    double band         # Pa
    double most         # mol/s
    double use          # mol/s of what is no device of the plant's
    double pressure     # Pa, pd
    double fails_below  # Pa: valves go to where they fail; 0: it moves none
    double volume       # m3 of the receiver
    double supply       # 1 when healthy
    int probe

cdef enum:
    WATER_PROBES = 3    # pressure, temperature, share of its full flow that a jacket gets
    GAS_PROBES = 3      # pressure, share of its full flow that a consumer gets, 1: valves are without air


cdef inline double asked_for(const Consumers* c, const Sheet* s) noexcept nogil:
    """What all consumers take as they are open."""
    cdef double q = 0.0
    cdef int k
    for k in range(c.n):
        q += c.draw[k]*s.drive[c.drive[k]]
    return q


cdef inline void water_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef WaterCircuit* u = <WaterCircuit*>unit
    cdef double speed = s.drive[u.pump] if u.pump >= 0 else 1.0, part = asked_for(&u.to, s)/u.flow, heat
    cdef int k
    heat = u.loss*(u.ambient - y[1]) + u.cooler*speed*(u.cooled_to - y[1])
    if u.heater >= 0:
        heat += u.power*s.drive[u.heater]*clip(THERMOSTAT - y[1], 0.0, 1.0)
    for k in range(u.to.n):
        if u.exchange[k] > 0.0:
            heat += u.exchange[k]*s.drive[u.to.drive[k]]*(s.probe[u.warm[k]] - y[1])
    f[0] = (u.supply*u.shut_off*speed*speed/(1.0 + (u.shut_off/u.pressure - 1.0)*part*part) - y[0])/u.lag
    f[1] = heat/u.capacity


cdef inline void water_observe(const WaterCircuit* u, Sheet* s, const double* y) noexcept nogil:
    cdef double* p = s.probe + u.probe
    p[0] = y[0]
    p[1] = y[1]
    p[2] = sqrt(clip(y[0]/u.pressure, 0.0, 1.0))


cdef inline void gas_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef GasMain* u = <GasMain*>unit
    cdef double come = u.supply*u.most*clip((u.set_point - y[0])/u.band, 0.0, 1.0)
    cdef double gone = u.use*clip(y[0]/u.pressure, 0.0, 1.0) + asked_for(&u.to, s)
    f[0] = (come - gone)*R_GAS*NORMAL_T/u.volume


cdef inline void gas_observe(const GasMain* u, Sheet* s, const double* y) noexcept nogil:
    cdef double* p = s.probe + u.probe
    p[0] = y[0]
    p[1] = clip(y[0]/u.pressure, 0.0, 1.0)
    p[2] = y[0] < u.fails_below
