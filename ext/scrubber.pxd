# cython: language_level=3, cdivision=True
"""Packed scrubber for acid gas over a sump of caustic liquor.

    removed = (1 - exp(-N)) (y_in - y*) G       N transfer units, gas film: N = N0 sqrt(recirculation), typical
    y* = [H+][Cl-]/K                            HCl over its liquor, K = 2.0e6 (mol/L)2/atm (Brimblecombe and Clegg 1989)

Hydrogen and water vapour pass. The liquor is in equilibrium with the carbon dioxide of the air it washes, which buffers
it: net acidity = h - Kw/h - K1 c/h - 2 K1 K2 c/h2, with c dissolved CO2 by Henry's law. That carbonate counts as charge
alone: it comes from the air and goes back to it where the liquor is made acid.

States: mol of every species, temperature [K]. Outflow integrals: mol of every species, then mol H2, H2O and HCl up the stack.
"""

from libc.math cimport fabs, sqrt

from conductivity cimport conductivity

from sheet cimport Sheet, KW, S_MOL, dmax, liquid_volume, stream_now
from tank cimport Tank, free_acid, tank_mix
from numerics cimport fast_exp, fast_log10

cdef struct Scrubber:
    Tank tank
    int n_gas
    int gas[8]              # streams of gas
    int pump, fan           # actuators
    double recirculation    # m3/s at full speed of the pump
    double air              # mol/s up the stack at full speed of the fan
    double units            # transfer units at full recirculation
    double carbonic         # mol/L CO2 dissolved
    double drop             # Pa over the packing at full recirculation and full speed of the fan
    int probe

cdef extern from *:
    """
    #define K1_CARBONIC 4.45e-7      /* [S] Plummer and Busenberg 1982, 25 C */
    #define K2_CARBONIC 4.69e-11     /* [S] as K1 */
    #define K_HCL 2.0e6              /* [S] (mol/L)2/atm, 25 C, Brimblecombe and Clegg 1989 */
    #define HEAT_HCL 74.8e3          /* [Q] J/mol, of dissolution from the gas at infinite dilution */
    #define DRY_DROP 0.4             /* [T] pressure drop of a dry packing over that of a wet one */
    #define MOL_PER_NM3 44.615       /* [C] mol of gas in a m3 at 0 C and 1 atm */
    """
    const double K1_CARBONIC, K2_CARBONIC, K_HCL, HEAT_HCL, DRY_DROP, MOL_PER_NM3

cdef enum:
    SCRUBBER_PROBES = 10    # level, temperature, pH, volume, recirculation, kg HCl/Nm3, mol/s gas, removal, conductivity S/m, Pa


cdef inline double carbonate_acid(double net, double c) noexcept nogil:
    """[H+] with net = h - (Kw + K1 c)/h - 2 K1 K2 c/h2, all in mol/L; Newton from the root without the last term.

    The right side rises with h and is concave: from above the root Newton steps come down to its lower side at most once.
    """
    cdef double a = KW + K1_CARBONIC*c, b = 2.0*K1_CARBONIC*K2_CARBONIC*c
    cdef double h = 0.5*(net + sqrt(net*net + 4.0*a)) if net > 0.0 else 2.0*a/(sqrt(net*net + 4.0*a) - net)
    cdef double g, d
    cdef int i
    # at least as large as the root of b/h2 = -net alone, below which nothing can lie
    h = dmax(h, sqrt(b/(dmax(-net, 0.0) + 1.0)))
    for i in range(50):
        g = h - a/h - b/(h*h) - net
        d = h - g/(1.0 + a/(h*h) + 2.0*b/(h*h*h))
        if d <= 0.0:
            d = 0.5*h
        if fabs(d - h) < 1e-13*h:
            return d
        h = d
    return h


cdef inline void scrubber_gas(const Scrubber* u, const Sheet* s, const double* y, double* gas) noexcept nogil:
    """mol/s of H2, H2O and HCl that come, and of HCl that the liquor takes, in gas[3]."""
    cdef double litres = 1e3*dmax(liquid_volume(s, y), 1e-6), air = u.air*s.drive[u.fan], h, over
    cdef const double* x
    cdef int k
    for k in range(4):
        gas[k] = 0.0
    for k in range(u.n_gas):
        x = stream_now(s, u.gas[k]) + S_MOL
        gas[0] += x[s.i_h2]
        gas[1] += x[s.i_h2o]
        gas[2] += x[s.i_cl]
    h = free_acid(y[s.i_h]/litres)
    over = h*dmax(y[s.i_cl], 0.0)/litres/K_HCL*air
    gas[3] = (1.0 - fast_exp(-u.units*sqrt(s.drive[u.pump])))*(gas[2] - over)


cdef inline void scrubber_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef Scrubber* u = <Scrubber*>unit
    cdef int nc = s.nc
    cdef double* out = f + nc + 1
    cdef double gas[4]
    cdef double cap = tank_mix(&u.tank, s, y, y[nc], f, out)
    scrubber_gas(u, s, y, gas)
    f[s.i_h] += gas[3]
    f[s.i_cl] += gas[3]
    f[nc] += HEAT_HCL*gas[3]/cap
    out[nc] = gas[0]
    out[nc + 1] = gas[1]
    out[nc + 2] = gas[2] - gas[3]


cdef inline void scrubber_vent(const Scrubber* u, Sheet* s, const double* q, double tick) noexcept nogil:
    """Book what went up the stack as left."""
    s.edge_out[s.i_h2] += tick*q[s.nc]
    s.edge_out[s.i_h2o] += tick*q[s.nc + 1]
    s.edge_out[s.i_h] += tick*q[s.nc + 2]
    s.edge_out[s.i_cl] += tick*q[s.nc + 2]


cdef inline void scrubber_observe(const Scrubber* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    cdef double* p = s.probe + u.probe
    cdef double v = liquid_volume(s, y), litres = 1e3*dmax(v, 1e-6), air = u.air*s.drive[u.fan]
    cdef double salt = dmax(y[s.i_cl], 0.0)/litres
    cdef double gas[4]
    scrubber_gas(u, s, y, gas)
    p[0] = v/u.tank.span
    p[1] = y[s.nc]
    p[2] = -fast_log10(carbonate_acid(y[s.i_h]/litres, u.carbonic))
    p[3] = v
    p[4] = u.recirculation*s.drive[u.pump]
    p[5] = dmax(gas[2] - gas[3], 0.0)*(s.mass[s.i_h] + s.mass[s.i_cl])/dmax(air, 1e-3)*MOL_PER_NM3
    p[6] = air
    p[7] = gas[3]/gas[2] if gas[2] > 1e-12 else 0.0
    p[8] = conductivity(salt)
    p[9] = u.drop*s.drive[u.fan]*s.drive[u.fan]*(DRY_DROP + (1.0 - DRY_DROP)*s.drive[u.pump])
