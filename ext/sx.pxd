# cython: language_level=3, cdivision=True
"""Solvent extraction circuit: extract, scrub and strip banks in counter-current, with the organic closed into a loop.

    RE3+ + 3 (HA)2 = RE(HA2)3 + 3 H+        D = K e^3/[H+]^3,  e = C/2 - 3 sum RE_org - Na_org/2 (free dimer)
    NaHA2 + H+ = (HA)2 + Na+                Na_org* = K_Na [Na+] e^0.5/[H+], fast

Free extractant, Na and H+ are states. Mass transfer r = kt (D x - y)/(1 + D/FILM) per volume of organic and second: the
organic film resists, and where D is large the aqueous one as well; the stage efficiency, kt tau/(1 + kt tau) at moderate D,
follows from the organic flow. Stage 0 is E1, the raffinate end; organic runs upwards, the
aqueous downwards; the link between the last scrub stage and the first strip stage is cut on the aqueous side: scrub acid
enters the former, strip acid the last strip stage, strip liquor leaves the first. Hold-up of both phases is constant.
Stripped organic goes through a tank, takes up the soda's Na as far as there is free extractant, and returns to E1; the
soda's water, and strip acid entrained with the organic, come to E1 too.

States: per stage the dissolved species (mol/L), then organic rare earths and Na (mol/L); then the same in the organic tank.
Outflow integrals: mol/s of the dissolved species in raffinate and in strip liquor.
"""

from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, KW, stream_now, stream_next, dmax, dmin, liquid_volume
from tank cimport free_acid
from numerics cimport fast_log10
from vessel cimport lu_factor, lu_solve
from libc.math cimport sqrt

cdef extern from *:
    """
    #define FILM 1e3             /* transfer coefficient of the aqueous film over that of the organic one */
    #define LEAST_ACID 1e-6      /* mol/L: the extractant is an acid itself, and holds that much in any aqueous */
    #define LEAST_FREE 1e-6      /* mol/L of free dimer */
    """
    const double FILM, LEAST_ACID, LEAST_FREE

cdef enum:
    MAX_RE = 12
    MAX_STAGES = 160

cdef struct SxCircuit:
    int n_extract, n_scrub, n_strip
    int feed, scrub, strip, soda            # inlet streams
    int raffinate, liquor                   # outlet streams
    int organic                             # actuator of the organic pump
    double organic_capacity                 # L/s at full speed
    double organic_factor
    int mixer                               # actuator of the mixers, -1 if always on
    int n_re
    int re[12]                              # species of the extracted metals
    double k_ex[12]                         # K of each, dimensionless in mol/L
    double k_na
    double extractant                       # mol/L of monomer
    double entrainment                      # L of strip acid per L of organic
    double v_aq[3]                          # hold-up of a stage, L: extract, scrub, strip
    double v_org[3]
    double transfer[3]                      # kt, 1/s
    double transfer_na                      # 1/s
    double tank_volume                      # L of organic
    double* lu                              # per stage (n_re + 1)^2
    double* grad                            # per stage 4 (n_re + 1): dr/dx, dr/dy, dr/dh, dr/de
    double* rho
    double gh
    int na_aq                               # dissolved species
    int i_h, i_na
    int probe


cdef enum:
    SX_PROBES = 8


cdef inline int sx_stages(const SxCircuit* u) noexcept nogil:
    return u.n_extract + u.n_scrub + u.n_strip


cdef inline int sx_bank(const SxCircuit* u, int j) noexcept nogil:
    return 0 if j < u.n_extract else (1 if j < u.n_extract + u.n_scrub else 2)


cdef inline double sx_free(const SxCircuit* u, const double* org) noexcept nogil:
    """Free dimer [mol/L], kept above a trace so that an overloaded organic cannot take the root of nothing."""
    cdef double e = 0.5*u.extractant - 0.5*org[u.n_re]
    cdef int i
    for i in range(u.n_re):
        e -= 3.0*org[i]
    return dmax(e, LEAST_FREE)


cdef inline double sx_organic_flow(const SxCircuit* u, const Sheet* s) noexcept nogil:
    return u.organic_capacity*u.organic_factor*s.drive[u.organic]


cdef inline void sx_rates(const SxCircuit* u, const Sheet* s, int j, const double* c, double* r) noexcept nogil:
    """Transfer rates of a stage per litre of organic, mol/L/s: rare earths to the organic, then Na to the aqueous."""
    cdef const double* org = c + u.na_aq
    cdef double h = dmax(free_acid(c[u.i_h]), LEAST_ACID), e = sx_free(u, org), x = e/h, kt = u.transfer[sx_bank(u, j)], d
    cdef double mix = 1.0 if u.mixer < 0 else s.drive[u.mixer]
    cdef int i
    x = x*x*x
    for i in range(u.n_re):
        d = u.k_ex[i]*x
        r[i] = kt*mix*(d*c[u.re[i]] - org[i])/(1.0 + d/FILM)
    r[u.n_re] = u.transfer_na*mix*(org[u.n_re] - u.k_na*c[u.i_na]*sqrt(e)/h)


cdef inline void sx_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef SxCircuit* u = <SxCircuit*>unit
    cdef int na = u.na_aq, nr = u.n_re, w = na + nr + 1, n = sx_stages(u), ne = u.n_extract, ns = u.n_extract + u.n_scrub
    cdef int i, j, b
    cdef double qo = sx_organic_flow(u, s), q_in, q_out, va, vo, ent, taken, room, phi, sum_r, alkali
    cdef double r[13]
    cdef const double* feed = stream_now(s, u.feed) + S_MOL
    cdef const double* scrub = stream_now(s, u.scrub) + S_MOL
    cdef const double* strip = stream_now(s, u.strip) + S_MOL
    cdef const double* soda = stream_now(s, u.soda) + S_MOL
    cdef double qf = 1e3*stream_now(s, u.feed)[S_VOL], qs = 1e3*stream_now(s, u.scrub)[S_VOL]
    cdef double qt = 1e3*stream_now(s, u.strip)[S_VOL], qw = 1e3*stream_now(s, u.soda)[S_VOL]
    cdef double* out = f + n*w + nr + 1
    cdef const double* c
    cdef const double* up
    cdef const double* down
    cdef const double* tank = y + n*w
    cdef double* fc
    cdef double* ft = f + n*w
    ent = dmin(u.entrainment*qo, 0.5*qt)
    # the organic takes up Na for the soda's alkali, as far as nine tenths of its free extractant go
    alkali = dmax(-soda[u.i_h], 0.0)
    room = 0.9*2.0*sx_free(u, tank)*qo
    taken = dmin(dmin(alkali, room), dmax(soda[u.i_na], 0.0))
    for j in range(n):
        b = sx_bank(u, j)
        va = u.v_aq[b]
        vo = u.v_org[b]
        c = y + j*w
        fc = f + j*w
        if j >= ns:
            q_out = qt - ent
            q_in = 0.0 if j == n - 1 else q_out
        elif j >= ne:
            q_out = qs
            q_in = 0.0 if j == ns - 1 else qs
        else:
            q_out = qs + qf
            q_in = qs if j == ne - 1 else q_out
        if j == 0:
            q_out += qw + ent
        up = c + w
        for i in range(na):
            fc[i] = (q_in*up[i] - q_out*c[i])/va if q_in > 0.0 else -q_out*c[i]/va
        if j == ne - 1:
            for i in range(na):
                fc[i] += feed[i]/va
        if j == ns - 1:
            for i in range(na):
                fc[i] += scrub[i]/va
        if j == n - 1:
            for i in range(na):
                fc[i] += (strip[i] - ent*c[i])/va
        if j == 0:
            for i in range(na):
                fc[i] += (soda[i] + ent*y[(n - 1)*w + i])/va
            fc[u.i_na] -= taken/va
            fc[u.i_h] += taken/va
        down = (c - w if j > 0 else tank) + (na if j > 0 else 0)
        for i in range(nr + 1):
            fc[na + i] = qo*(down[i] - c[na + i])/vo
        if j == 0:
            fc[na + nr] += taken/vo
        sx_rates(u, s, j, c, r)
        phi = vo/va
        sum_r = 0.0
        for i in range(nr):
            fc[u.re[i]] -= phi*r[i]
            fc[na + i] += r[i]
            sum_r += r[i]
        fc[u.i_h] += phi*(3.0*sum_r - r[nr])
        fc[u.i_na] += phi*r[nr]
        fc[na + nr] -= r[nr]
    for i in range(nr + 1):
        ft[i] = qo*(y[(n - 1)*w + na + i] - tank[i])/u.tank_volume
    for i in range(na):
        out[i] = (qs + qf + qw + ent)*y[i]
        out[na + i] = (qt - ent)*y[ns*w + i]


cdef inline void sx_factor(void* unit, Sheet* s, const double* y, double gh) noexcept nogil:
    """Per stage I - g h D S in the space of its n_re + 1 transfers: diagonal, plus what all share through [H+] and e."""
    cdef SxCircuit* u = <SxCircuit*>unit
    cdef int na = u.na_aq, nr = u.n_re, w = na + nr + 1, m = nr + 1, i, j, k, b
    cdef double h, e, x, d, kt, net, dh, de, phi, film, slope, mix = 1.0 if u.mixer < 0 else s.drive[u.mixer], kn
    cdef const double* c
    cdef double* g
    cdef double* lu
    u.gh = gh
    for j in range(sx_stages(u)):
        b = sx_bank(u, j)
        phi = u.v_org[b]/u.v_aq[b]
        c = y + j*w
        g = u.grad + 4*m*j
        lu = u.lu + m*m*j
        net = c[u.i_h]
        h = dmax(free_acid(net), LEAST_ACID)
        dh = h/sqrt(net*net + 4.0*KW) if h > LEAST_ACID else 0.0
        e = sx_free(u, c + na)
        de = 1.0 if e > LEAST_FREE else 0.0
        x = e/h
        x = x*x*x
        kt = u.transfer[b]*mix
        for i in range(nr):
            d = u.k_ex[i]*x
            film = 1.0/(1.0 + d/FILM)
            slope = 3.0*kt*d*film*film*(c[u.re[i]] + c[na + i]/FILM)
            g[4*i] = kt*d*film
            g[4*i + 1] = -kt*film
            g[4*i + 2] = -slope/h*dh
            g[4*i + 3] = slope/e*de
        kn = u.transfer_na*mix*u.k_na*sqrt(e)/h
        g[4*nr] = -kn
        g[4*nr + 1] = u.transfer_na*mix
        g[4*nr + 2] = kn*c[u.i_na]/h*dh
        g[4*nr + 3] = -0.5*kn*c[u.i_na]/e*de
        for i in range(m):
            for k in range(nr):     # transfer k: aqueous -phi, organic +1, H +3 phi, e -3
                lu[i*m + k] = -gh*(3.0*phi*g[4*i + 2] - 3.0*g[4*i + 3])
            lu[i*m + nr] = -gh*(-phi*g[4*i + 2] + 0.5*g[4*i + 3])
        for i in range(nr):
            lu[i*m + i] += 1.0 - gh*(-phi*g[4*i] + g[4*i + 1])
        lu[nr*m + nr] += 1.0 - gh*(phi*g[4*nr] - g[4*nr + 1])
        lu_factor(lu, m)


cdef inline void sx_solve(void* unit, double* b) noexcept nogil:
    cdef SxCircuit* u = <SxCircuit*>unit
    cdef int na = u.na_aq, nr = u.n_re, w = na + nr + 1, m = nr + 1, i, j, bank
    cdef double be, phi, total
    cdef double* c
    cdef double* g
    cdef double* rho = u.rho
    for j in range(sx_stages(u)):
        bank = sx_bank(u, j)
        phi = u.v_org[bank]/u.v_aq[bank]
        c = b + j*w
        g = u.grad + 4*m*j
        be = -0.5*c[na + nr]
        for i in range(nr):
            be -= 3.0*c[na + i]
        for i in range(nr):
            rho[i] = g[4*i]*c[u.re[i]] + g[4*i + 1]*c[na + i] + g[4*i + 2]*c[u.i_h] + g[4*i + 3]*be
        rho[nr] = g[4*nr]*c[u.i_na] + g[4*nr + 1]*c[na + nr] + g[4*nr + 2]*c[u.i_h] + g[4*nr + 3]*be
        lu_solve(u.lu + m*m*j, m, rho)
        total = 0.0
        for i in range(nr):
            c[u.re[i]] -= u.gh*phi*rho[i]
            c[na + i] += u.gh*rho[i]
            total += rho[i]
        c[u.i_h] += u.gh*phi*(3.0*total - rho[nr])
        c[u.i_na] += u.gh*phi*rho[nr]
        c[na + nr] -= u.gh*rho[nr]


cdef inline void sx_send(SxCircuit* u, Sheet* s, const double* q) noexcept nogil:
    """Raffinate and strip liquor; solids that came with the feed pass through to the raffinate."""
    cdef double* raff = stream_next(s, u.raffinate)
    cdef double* liquor = stream_next(s, u.liquor)
    cdef const double* feed = stream_now(s, u.feed)
    cdef int i
    for i in range(s.nc):
        raff[S_MOL + i] = q[i] if i < u.na_aq else feed[S_MOL + i]
        liquor[S_MOL + i] = q[u.na_aq + i] if i < u.na_aq else 0.0
    raff[S_TEMP] = 308.15
    liquor[S_TEMP] = 308.15
    raff[S_VOL] = liquid_volume(s, raff + S_MOL)
    liquor[S_VOL] = liquid_volume(s, liquor + S_MOL)


cdef inline void sx_observe(SxCircuit* u, Sheet* s, const double* y) noexcept nogil:
    """Organic flow [m3/s]; pH of E1, of the feed stage and of the last scrub stage; free acid of the strip liquor [mol/m3];
    loading of the organic to strip [mol/m3]; loading over its ceiling C/6; least free dimer [mol/m3]."""
    cdef double* p = s.probe + u.probe
    cdef int w = u.na_aq + u.n_re + 1, ne = u.n_extract, ns = ne + u.n_scrub, i, j
    cdef double load, e, top = 0.0, least = 1e9
    p[0] = 1e-3*sx_organic_flow(u, s)
    p[1] = -fast_log10(free_acid(y[u.i_h]))
    p[2] = -fast_log10(free_acid(y[(ne - 1)*w + u.i_h]))
    p[3] = -fast_log10(free_acid(y[(ns - 1)*w + u.i_h]))
    p[4] = 1e3*free_acid(y[ns*w + u.i_h])
    for j in range(ns):
        load = 0.0
        for i in range(u.n_re):
            load += y[j*w + u.na_aq + i]
        e = sx_free(u, y + j*w + u.na_aq)
        top = dmax(top, load)
        least = dmin(least, e)
        if j == ns - 1:
            p[5] = 1e3*load
    p[6] = 6.0*top/u.extractant
    p[7] = 1e3*least
