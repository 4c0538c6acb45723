# cython: language_level=3, cdivision=True
"""Solvent extraction circuit: extract, scrub and strip banks in counter-current, with the organic closed into a loop.

    M3+ + 3 (HA)2 = M(HA2)3 + 3 H+          D = K e^3/[H+]^3,  e = C/2 - 3 sum M_org - Na_org/2 (free dimer)
    NaHA2 + H+ = (HA)2 + Na+                Na_org* = K_Na [Na+] e^0.5/[H+], fast

That is the law of acidic extractants as dimers. The other law is a polynomial of the pH with constants per metal from a fit,

    M(z+) + z HA = MA_z + z H+              log10 D = (m0 + m1 c) pH + b0 + b1 log10 c

with c vol % of extractant that is free, 200 V e of molar volume V [L/mol] and e = C/2 - sum z M_org/2 - Na_org/2; or
log10 D = b0 + m0 pH, from a fit at one strength of the extractant, and nothing limits the loading then.

Free extractant, Na and H+ are states. Mass transfer r = kt (D x - y)/(1 + D/FILM) per volume of organic and second: the
organic film resists, and where D is large the aqueous one as well; the stage efficiency, kt tau/(1 + kt tau) at moderate D,
follows from the organic flow. Stage 0 is E1, the raffinate end; organic runs upwards, the
aqueous downwards; the link between the last scrub stage and the first strip stage is cut on the aqueous side: scrub acid
enters the former, strip acid the last strip stage, strip liquor leaves the first.
Stripped organic goes through a tank, takes up the soda's Na as far as there is free extractant, and returns to E1; the
soda's water, and strip acid entrained with the organic, come to E1 too.

Every settler has an interface, the height I of its aqueous. The aqueous leaves under the organic and over a weir of its own;
the columns on both sides of it weigh the same,

    rho_aq L = rho_aq I + rho_org (H + c_org - I),   q = WEIR b (L - w)^1.5,   A dI/dt = q_in - q

with the organic's overflow at H and its crest c_org over it, the aqueous weir at w, its width b and the settler's area A.
What hold-ups mix is constant: a settler's interface moves a few mm of 200, and the concentrations with it by as little.
Each phase carries some of the other along: a few ppm in a settler that has time, more above its capacity and much where
the interface comes near an outlet. Organic lost that way, with what it has loaded, leaves with raffinate and strip liquor;
fresh extractant in the tank makes it good: at once where the tank has no span, else as the make-up brings it,

    dV/dt = q_back - q_organic + fresh - E m,    d(V c)/dt = q_back c_n - q_organic c

with V in the tank, E the diluent that evaporates from mixers that turn, m their share. The pump starves where the
tank is nearly empty. What interfaces displace stays in its settler.

A circuit that says at which temperature its figures hold has one of its own, common to both phases of all stages and to the
tank: organic goes round in hours, and in a stage both are one emulsion. Aqueous comes as warm as it is and leaves at T,

    C dT/dt = sum R q (T_in - T) + heater + stirring - loss (T - hall),   C = sum R V of all that is held

with R the heat of a volume by a kelvin. Warm, metal diffuses faster through the films, organic runs thinner, so that drops
part sooner and carry-over and what a settler has time for follow its viscosity, and more diluent evaporates: each by an
activation energy from that temperature on. The equilibrium does not move: heats of extraction are within the error of the ladder.

Crud, an emulsion that fine solids hold together, lies between the phases of the extract bank. Its layer of mean height C grows
with what flows through the settlers, ages, and is drawn off by a pump whose separator gives the phases back at once:

    dC/dt = f v (1 - C/CRUD_MOST) - C (1/CRUD_AGES + d/CRUD_DRAWN),   capacity = clean capacity/(1 + C/CRUD_HALF)

with v the flow of both phases over the clean capacity, d the pump's speed, and f what forms it: CRUD_OF_SOLIDS of the solids
in the feed, besides a malfunction's. It takes its room from both phases and nothing from what they hold.

States, stage after stage from E1 for each quantity, so that a loop over stages runs over neighbours: dissolved species
[mol/L], then organic rare earths and Na [mol/L], then the interface [m]; behind them the organic in the tank,
the layer of crud [m], the temperature [K] where the circuit has one, and where the tank has a span what is in it [L].
Outflow integrals: mol/s of the dissolved species in raffinate and in strip liquor.
"""

from sheet cimport Sheet, S_TEMP, S_VOL, S_MOL, KW, RHO_CP, R_GAS, stream_now, stream_next, dmax, dmin, liquid_volume
from tank cimport buffered_acid, free_acid
from numerics cimport fast_exp, fast_log, fast_log10
from libc.math cimport sqrt

cdef extern from *:
    """
    #define FILM 1e3             /* [T] transfer coefficient of the aqueous film over that of the organic one */
    #define LEAST_ACID 1e-6      /* mol/L: the extractant is an acid itself, and holds that much in any aqueous */
    #define LEAST_FREE 1e-6      /* mol/L of free dimer */
    #define WEIR 1.77            /* [C] m^0.5/s: 2/3 of 0.6 sqrt(2 g), a sharp-crested weir */
    #define EDGE 0.08            /* [T] m from an outlet within which the interface is drawn into it */
    #define OVERLOAD 40.0        /* [T] carry-over is 1 + OVERLOAD times the square of the excess over the capacity */
    #define OVER 0.5             /* [T] share of the aqueous that goes with the organic when the interface is at its lip */
    #define CRUD_HALF 0.02       /* [T] m of crud that take half of a settler's capacity */
    #define CRUD_MOST 0.04       /* [T] m: more goes along with the phases as it forms */
    #define CRUD_AGES 43200.0    /* [T] s in which it falls apart by itself */
    #define CRUD_DRAWN 1200.0    /* [T] s in which the pump draws it off, from settler to settler */
    #define CRUD_OF_SOLIDS 2e-5  /* [T] m/s of crud that a kg of solids in a m3 of feed make */
    #define DRY 0.005            /* [T] share of the tank's span at which the organic pump gives half of what it should */
    #define UNDER 0.2            /* [T] litres of organic per litre of aqueous when the interface is at the floor */
    #define TRANSFER_EA 10e3     /* [Q] J/mol of mass transfer: 7 to 14, diffusion through films */
    #define FLOW_EA 16e3         /* [T] J/mol of the organic's viscosity: kerosene with extractant */
    #define VAPOUR_EA 50e3       /* [T] J/mol of the diluent's vapour: heat of vaporisation of C11 to C13 */
    #define ORGANIC_CP 1.7e6     /* [T] heat capacity of organic, J/m3/K: kerosene, 2.0 kJ/kg/K */
    #define MILD 308.15          /* [T] K at which aqueous leaves a circuit without a temperature of its own */
    """
    const double FILM, LEAST_ACID, LEAST_FREE, WEIR, EDGE, OVERLOAD, OVER, UNDER
    const double CRUD_HALF, CRUD_MOST, CRUD_AGES, CRUD_DRAWN, CRUD_OF_SOLIDS, DRY
    const double TRANSFER_EA, FLOW_EA, VAPOUR_EA, ORGANIC_CP, MILD

cdef enum:
    MAX_RE = 12
    MAX_STAGES = 160

cdef enum SxLaw:
    LAW_DIMER, LAW_POLYNOMIAL

cdef struct SxCircuit:
    int n_extract, n_scrub, n_strip
    int feed, scrub, strip, soda            # inlet streams
    int raffinate, liquor                   # outlet streams
    int organic                             # actuator of the organic pump
    double organic_capacity                 # L/s at full speed
    double organic_factor
    int mixer                               # actuator of the mixers, -1 if always on
    double contact                          # share of the interfacial area that the mixers make when all is well
    int n_re
    int re[12]                              # species of the extracted metals
    int law                                 # SxLaw
    double z[12]                            # H+ that a metal sets free
    double k_ex[12]                         # LAW_DIMER: K of each, dimensionless in mol/L; else D at pH 0
    double order[12]                        # -d ln D/d ln [H+]; LAW_POLYNOMIAL: without what the dose makes of it
    double ln_k[12]                         # LAW_POLYNOMIAL: ln D at pH 0, and a dose of 1 vol %
    double order_by_dose[12]                # LAW_POLYNOMIAL: d order/d dose, 1/vol %
    double power_of_dose[12]                # LAW_POLYNOMIAL: d ln D/d ln dose at pH 0
    double dose_per_free                    # vol % for a mol/L of free dimer; 0: the fit knows no dose
    double bound                            # mol of dimer that a mol of charge of a metal binds
    int sulfate                             # species of all sulfate, -1 if there is none
    double ka2                              # of HSO4- = H+ + SO4--, mol/L
    double k_na
    double extractant                       # mol/L of monomer
    double entrainment                      # L of strip acid per L of organic
    double carried_aq, carried_org          # L of the one per L of the other, from a settler within its capacity
    double area[3]                          # of a settler, m2: extract, scrub, strip
    double capacity[3]                      # of a settler, L/s of both phases
    double width[3]                         # of both weirs, m
    double weir[3]                          # height of the aqueous weir, m
    double depth                            # height of the organic's overflow, m
    double organic_density                  # of the stripped organic, kg/m3
    int end_weir[3]                         # actuator of the weir where a bank's aqueous leaves it, -1 if fixed
    double travel                           # of that weir, m: half of it up when closed, half down when open
    double crud_formed                      # m/s, besides that of the feed's solids
    int crud_pump                           # actuator of the pump that draws crud off, -1 if there is none
    double* molar_mass                      # of all species, kg/mol
    double v_aq[3]                          # hold-up of a stage, L: extract, scrub, strip
    double v_org[3]
    double transfer_na                      # 1/s
    double tank_volume                      # L of organic
    double tank_span                        # L at 100 %; 0: the tank always holds tank_volume
    int fresh                               # stream of organic make-up, -1 if there is none
    double evaporation                      # L/s of diluent while all mixers turn
    double at                               # K at which the figures hold; 0: no temperature of its own
    double banks_capacity                   # J/K of both phases in all stages
    double loss                             # W/K to the hall
    double ambient                          # K
    int heater                              # actuator, -1 if there is none
    double power                            # W of the heater at full output
    double stirring                         # W that mixers at full speed leave in the liquids
    int profile                             # species whose share at the feed stage is shown, -1 if none is
    double* per_aq                          # per stage: 1/v_aq, 1/v_org, v_org/v_aq, kt [1/s]
    double* per_org
    double* per_area                        # 1/m2 of settler
    double* phi
    double* kt
    double* slope                           # per transfer and stage: dr/dx, dr/dy, dr/dh, dr/de, 1/a
    double* inverse                         # four per stage: of the 2 x 2 that couples the transfers
    double gh
    int na_aq                               # dissolved species
    int i_h, i_na
    int probe


cdef inline int sx_stages(const SxCircuit* u) noexcept nogil:
    return u.n_extract + u.n_scrub + u.n_strip


cdef inline int sx_bank(const SxCircuit* u, int j) noexcept nogil:
    return 0 if j < u.n_extract else (1 if j < u.n_extract + u.n_scrub else 2)


cdef inline int sx_behind_crud(const SxCircuit* u) noexcept nogil:
    """Place of the state behind the layer of crud: the temperature, where the circuit has one."""
    return (u.na_aq + u.n_re + 2)*sx_stages(u) + u.n_re + 2


cdef inline double sx_organic(const SxCircuit* u, const double* y) noexcept nogil:
    """Organic in the tank [L]."""
    cdef double v = u.tank_volume
    if u.tank_span > 0.0:
        v = dmax(y[sx_behind_crud(u) + (1 if u.at > 0.0 else 0)], 0.0)
    return v


cdef inline double sx_temperature(const SxCircuit* u, const double* y) noexcept nogil:
    """Of both phases [K]."""
    return y[sx_behind_crud(u)] if u.at > 0.0 else MILD


cdef inline double sx_warmth(const SxCircuit* u, const double* y, double activation) noexcept nogil:
    """How many times as fast as at the temperature of the figures a thing of so many J/mol goes."""
    return fast_exp(activation/R_GAS*(1.0/u.at - 1.0/sx_temperature(u, y))) if u.at > 0.0 else 1.0


cdef inline double sx_organic_flow(const SxCircuit* u, const Sheet* s, const double* y) noexcept nogil:
    cdef double q = u.organic_capacity*u.organic_factor*s.drive[u.organic], v
    if u.tank_span > 0.0:
        v = sx_organic(u, y)
        q *= v/(v + DRY*u.tank_span)
    return q


cdef inline double sx_mixing(const SxCircuit* u, const Sheet* s) noexcept nogil:
    """Share of the interfacial area of mixers that run."""
    return u.contact*(1.0 if u.mixer < 0 else s.drive[u.mixer])


cdef inline double sx_crud(const SxCircuit* u, const double* y) noexcept nogil:
    """Layer of crud in the settlers of the extract bank [m]."""
    return y[(u.na_aq + u.n_re + 2)*sx_stages(u) + u.n_re + 1]


cdef inline double sx_crud_rate(const SxCircuit* u, const Sheet* s, double crud, double flow) noexcept nogil:
    """What becomes of it [m/s]. flow: of feed, scrub acid and organic, L/s."""
    cdef const double* feed = stream_now(s, u.feed)
    cdef double solids = 0.0, away = 1.0/CRUD_AGES
    cdef int i
    for i in range(u.na_aq, s.nc):
        if s.solid[i]:
            solids += u.molar_mass[i]*feed[S_MOL + i]
    solids = solids/feed[S_VOL] if feed[S_VOL] > 0.0 else 0.0
    if u.crud_pump >= 0:
        away += s.drive[u.crud_pump]/CRUD_DRAWN
    return (u.crud_formed + CRUD_OF_SOLIDS*solids)*flow/u.capacity[0]*(1.0 - crud/CRUD_MOST) - crud*away


cdef inline double sx_tank_free(const SxCircuit* u, const double* tank) noexcept nogil:
    """Free dimer in the organic tank [mol/L]."""
    cdef double e = 0.5*u.extractant - 0.5*tank[u.n_re]
    cdef int i
    for i in range(u.n_re):
        e -= u.bound*u.z[i]*tank[i]
    return dmax(e, LEAST_FREE)


cdef inline void sx_free(const SxCircuit* u, const double* org, double* e) noexcept nogil:
    """Free dimer of every stage [mol/L], kept above a trace so that no overloaded organic takes the root of nothing."""
    cdef int n = sx_stages(u), i, j
    cdef double k
    cdef const double* y
    y = org + u.n_re*n
    for j in range(n):
        e[j] = 0.5*u.extractant - 0.5*y[j]
    for i in range(u.n_re):
        y = org + i*n
        k = u.bound*u.z[i]
        for j in range(n):
            e[j] -= k*y[j]
    for j in range(n):
        e[j] = e[j] if e[j] > LEAST_FREE else LEAST_FREE


cdef inline void sx_acid(const SxCircuit* u, const double* y, double* h, double* slope) noexcept nogil:
    """[H+] of every stage [mol/L], not below what the extractant gives by itself, and its slope against net acidity.

    Net acidity is [H+] - [OH-], with sulfate [H+] + [HSO4-], and [HSO4-] = S h/(Ka + h) of all sulfate S.
    """
    cdef int n = sx_stages(u), j
    cdef double x, root, a, b, d
    cdef const double* net = y + u.i_h*n
    cdef const double* sulfate
    if u.sulfate < 0:
        for j in range(n):
            x = net[j]
            root = sqrt(x*x + 4.0*KW)
            a = 0.5*(x + root)
            b = 2.0*KW/(root - x)       # the form that does not cancel
            a = a if x > 0.0 else b
            h[j] = a if a > LEAST_ACID else LEAST_ACID
            slope[j] = a/root if a > LEAST_ACID else 0.0
        return
    sulfate = y + u.sulfate*n
    for j in range(n):
        x = net[j]
        b = u.ka2 + sulfate[j] - x
        root = sqrt(b*b + dmax(4.0*u.ka2*x, 0.0))
        a = 2.0*u.ka2*x/(b + root) if b > 0.0 else 0.5*(root - b)
        d = (a + u.ka2)/root
        h[j] = a if a > LEAST_ACID else LEAST_ACID
        slope[j] = d if a > LEAST_ACID else 0.0


cdef inline double sx_stage_acid(const SxCircuit* u, const double* y, int j) noexcept nogil:
    """[H+] of one stage [mol/L], as a pH electrode has it."""
    cdef int n = sx_stages(u)
    cdef double net = y[u.i_h*n + j], sulfate
    if u.sulfate < 0:
        return free_acid(net)
    sulfate = dmax(y[u.sulfate*n + j], 0.0)
    return buffered_acid(net - sulfate, sulfate, u.ka2)


cdef inline void sx_distribution(const SxCircuit* u, int i, int n, const double* e, const double* cube,
                                 const double* ln_h, double* ratio) noexcept nogil:
    """D of a metal in every stage. cube: (e/[H+])^3, for LAW_DIMER; ln_h: ln [H+], for LAW_POLYNOMIAL."""
    cdef double dose
    cdef int j
    if u.law == LAW_DIMER:
        for j in range(n):
            ratio[j] = u.k_ex[i]*cube[j]
    elif u.dose_per_free > 0.0:
        for j in range(n):
            dose = u.dose_per_free*e[j]
            ratio[j] = fast_exp(u.ln_k[i] + u.power_of_dose[i]*fast_log(dose)
                                - (u.order[i] + u.order_by_dose[i]*dose)*ln_h[j])
    else:
        for j in range(n):
            ratio[j] = fast_exp(u.ln_k[i] - u.order[i]*ln_h[j])


cdef inline void sx_powers(const SxCircuit* u, int n, const double* e, const double* h, double* cube,
                           double* ln_h) noexcept nogil:
    """What sx_distribution needs of a stage besides e."""
    cdef int j
    if u.law == LAW_DIMER:
        for j in range(n):
            cube[j] = e[j]/h[j]
            cube[j] = cube[j]*cube[j]*cube[j]
    else:
        for j in range(n):
            ln_h[j] = fast_log(h[j])


cdef struct SxFlows:        # L/s, per stage
    double aq_in[160]       # aqueous from the next stage
    double aq_out[160]      # aqueous to the one before, or out
    double aq_up[160]       # aqueous carried along with the organic, to the next stage or to the tank
    double org_out[160]     # organic to the next stage, or to the tank
    double org_in[160]      # organic that comes back with the aqueous of the next stage
    double org_down[160]    # organic carried along with the aqueous
    double over_weir[160]   # aqueous over the weir, m3/s
    double spilt[160]       # aqueous over the organic's lip, m3/s


cdef inline void sx_flows(const SxCircuit* u, const Sheet* s, const double* y, double qf, double qs, double qt, double qw,
                          double qo, SxFlows* q) noexcept nogil:
    """Both phases through all stages: feed qf, scrub qs, strip qt, soda qw, organic qo, L/s."""
    cdef int na = u.na_aq, nr = u.n_re, n = sx_stages(u), ne = u.n_extract, ns = u.n_extract + u.n_scrub, i, j, k
    cdef int first[4]
    cdef double through[3]
    cdef double crest[3]
    cdef double heavy[MAX_STAGES]
    cdef double light[MAX_STAGES]
    cdef double thin = sx_warmth(u, y, FLOW_EA), thick = 1.0/thin
    cdef double load, near, head, lip, up, down, weir, spill, edge = 1.0/EDGE, room = 1.0/(1.0 + sx_crud(u, y)/CRUD_HALF)
    cdef const double* c
    cdef const double* level = y + (na + nr + 1)*n
    first[0] = 0
    first[1] = ne
    first[2] = ns
    first[3] = n
    through[0] = qs + qf
    through[1] = qs
    through[2] = qt
    # densities, kg/m3: of the aqueous all that is in it, of the organic its metal besides the extractant
    for j in range(n):
        heavy[j] = 0.0
        light[j] = u.organic_density
    for i in range(na):
        c = y + i*n
        for j in range(n):
            heavy[j] += 1e3*u.molar_mass[i]*c[j]
    for i in range(nr):
        c = y + (na + i)*n
        for j in range(n):
            light[j] += 1e3*u.molar_mass[u.re[i]]*c[j]
    for k in range(3):
        # 1.5th root of the flow over the lip
        crest[k] = fast_exp(fast_log(1e-3*qo/(WEIR*u.width[k]))/1.5) if qo > 0.0 else 0.0
    for k in range(3):
        load = (qo + through[k])/(u.capacity[k]*(room if k == 0 else 1.0)*thin) - 1.0
        load = 1.0 + OVERLOAD*load*load if load > 0.0 else 1.0
        lip = u.depth + crest[k]
        up = u.carried_aq*thick*load*qo
        down = u.carried_org*thick*load
        for j in range(first[k], first[k + 1]):
            near = dmin(dmax((level[j] - u.depth)*edge + 1.0, 0.0), 1.0)
            q.aq_up[j] = up + OVER*near*near*through[k]
            near = dmin(dmax(level[j]*edge, 0.0), 1.0)      # of what is not there nothing is carried
            q.aq_up[j] = dmin(q.aq_up[j]*near, 0.5*through[k])
            q.org_down[j] = down + UNDER*(1.0 - near)*(1.0 - near)
        for j in range(first[k], first[k + 1]):
            weir = u.weir[k]
            if j == first[k] and u.end_weir[k] >= 0:
                weir += u.travel*(0.5 - s.drive[u.end_weir[k]])
            head = dmax(level[j] + light[j]/heavy[j]*(lip - level[j]) - weir, 0.0)
            near = dmin(dmax(level[j]*edge, 0.0), 1.0)
            q.over_weir[j] = WEIR*u.width[k]*head*sqrt(head)*near*near
            spill = dmax(level[j] - u.depth, 0.0)
            q.spilt[j] = WEIR*u.width[k]*spill*sqrt(spill)
    up = dmax(u.entrainment - u.carried_aq, 0.0)*thick*dmin(dmax(level[n - 1]*edge, 0.0), 1.0)
    q.aq_up[n - 1] = dmin(q.aq_up[n - 1] + up*qo, 0.5*qt)
    # a stage holds what it holds: what comes up with the organic goes down again with the aqueous
    for k in range(3):
        for j in range(first[k], first[k + 1]):
            q.aq_out[j] = through[k] - q.aq_up[ns - 1 if k < 2 else n - 1]
    for j in range(1, n):
        q.aq_out[j] += q.aq_up[j - 1]
    q.aq_out[0] += qw + q.aq_up[n - 1]
    for j in range(n - 1):
        q.aq_in[j] = q.aq_out[j + 1]
    q.aq_in[ns - 1] = 0.0
    q.aq_in[n - 1] = 0.0
    for j in range(n):
        q.org_down[j] = dmin(q.org_down[j]*q.aq_out[j], 0.25*qo)
    for j in range(n - 1):
        q.org_in[j] = q.org_down[j + 1]
    q.org_in[ns - 1] = 0.0
    q.org_in[n - 1] = 0.0
    up = qo - q.org_down[0]
    for j in range(ns):
        q.org_out[j] = up + q.org_in[j]
    up -= q.org_down[ns]
    for j in range(ns, n):
        q.org_out[j] = up + q.org_in[j]


cdef inline double sx_heating(const SxCircuit* u, const Sheet* s, const double* y, double fresh) noexcept nogil:
    """dT/dt [K/s]. fresh: organic made up, L/s."""
    cdef double t = sx_temperature(u, y), heat = u.loss*(u.ambient - t)
    cdef int inlet[4]
    cdef const double* x
    cdef int k
    inlet[0] = u.feed
    inlet[1] = u.scrub
    inlet[2] = u.strip
    inlet[3] = u.soda
    for k in range(4):
        x = stream_now(s, inlet[k])
        heat += RHO_CP*x[S_VOL]*(x[S_TEMP] - t)
    if u.fresh >= 0:
        heat += 1e-3*ORGANIC_CP*fresh*(stream_now(s, u.fresh)[S_TEMP] - t)
    if u.heater >= 0:
        heat += u.power*s.drive[u.heater]
    heat += u.stirring*(1.0 if u.mixer < 0 else s.drive[u.mixer])
    return heat/(u.banks_capacity + 1e-3*ORGANIC_CP*sx_organic(u, y))


cdef inline void sx_rhs(void* unit, Sheet* s, const double* y, double* f) noexcept nogil:
    cdef SxCircuit* u = <SxCircuit*>unit
    cdef int na = u.na_aq, nr = u.n_re, w = na + nr + 2, n = sx_stages(u), ne = u.n_extract, ns = u.n_extract + u.n_scrub
    cdef int i, j, m
    cdef double qo = sx_organic_flow(u, s, y), taken, alkali, k, mix = sx_mixing(u, s)
    cdef double held = sx_organic(u, y), thin = 0.0, make_up = 0.0, speed = mix*sx_warmth(u, y, TRANSFER_EA)
    cdef SxFlows q
    cdef double up[MAX_STAGES]
    cdef double down[MAX_STAGES]
    cdef double away[MAX_STAGES]
    cdef double e[MAX_STAGES]
    cdef double h[MAX_STAGES]
    cdef double x[MAX_STAGES]
    cdef double ln_h[MAX_STAGES]
    cdef double ratio[MAX_STAGES]
    cdef double r[MAX_STAGES]
    cdef double total[MAX_STAGES]
    cdef const double* feed = stream_now(s, u.feed) + S_MOL
    cdef const double* scrub = stream_now(s, u.scrub) + S_MOL
    cdef const double* strip = stream_now(s, u.strip) + S_MOL
    cdef const double* soda = stream_now(s, u.soda) + S_MOL
    cdef double qf = 1e3*stream_now(s, u.feed)[S_VOL], qs = 1e3*stream_now(s, u.scrub)[S_VOL]
    cdef double qt = 1e3*stream_now(s, u.strip)[S_VOL], qw = 1e3*stream_now(s, u.soda)[S_VOL]
    cdef const double* tank = y + n*w
    cdef double* ft = f + n*w
    cdef double* fv = f + sx_behind_crud(u) + (1 if u.at > 0.0 else 0)
    cdef double* out = fv + (1 if u.tank_span > 0.0 else 0)
    cdef const double* c
    cdef const double* org
    cdef const double* per
    cdef double* fc
    cdef double* fo
    sx_flows(u, s, y, qf, qs, qt, qw, qo, &q)
    # the organic takes up Na for the soda's alkali, as far as nine tenths of its free extractant go
    alkali = dmax(-soda[u.i_h], 0.0)
    taken = dmin(dmin(alkali, 0.9*2.0*sx_tank_free(u, tank)*qo), dmax(soda[u.i_na], 0.0))

    # transport: what comes down from the next stage and up from the one before, and what goes on
    per = u.per_aq
    for j in range(n):
        down[j] = q.aq_in[j]*per[j]
        away[j] = (q.aq_out[j] + q.aq_up[j])*per[j]
    up[0] = q.aq_up[n - 1]*per[0]
    for j in range(1, n):
        up[j] = q.aq_up[j - 1]*per[j]
    for i in range(na):
        c = y + i*n
        fc = f + i*n
        fc[0] = down[0]*c[1] + up[0]*c[n - 1] - away[0]*c[0]
        for j in range(1, n):       # the last stage reads its neighbour's first, times nothing
            fc[j] = down[j]*c[j + 1] + up[j]*c[j - 1] - away[j]*c[j]
        fc[ne - 1] += feed[i]*per[ne - 1]
        fc[ns - 1] += scrub[i]*per[ns - 1]
        fc[n - 1] += strip[i]*per[n - 1]
        fc[0] += soda[i]*per[0]
        out[i] = q.aq_out[0]*c[0]
        out[na + i] = q.aq_out[ns]*c[ns]
    if u.tank_span > 0.0:
        if u.fresh >= 0:
            make_up = 1e3*stream_now(s, u.fresh)[S_VOL]
        k = u.evaporation*sx_warmth(u, y, VAPOUR_EA)*dmin(mix, 1.0)*held/(held + DRY*u.tank_span)
        fv[0] = q.org_out[n - 1] - qo + make_up - k
        thin = fv[0]
        held = dmax(held, 0.1*DRY*u.tank_span)
    f[u.i_na*n] -= taken*per[0]
    f[u.i_h*n] += taken*per[0]
    per = u.per_org
    for j in range(n):
        down[j] = q.org_in[j]*per[j]
        away[j] = (q.org_out[j] + q.org_down[j])*per[j]
    up[0] = qo*per[0]
    for j in range(1, n):
        up[j] = q.org_out[j - 1]*per[j]
    for i in range(nr + 1):
        c = y + (na + i)*n
        fc = f + (na + i)*n
        fc[0] = up[0]*tank[i] + down[0]*c[1] - away[0]*c[0]
        for j in range(1, n):
            fc[j] = up[j]*c[j - 1] + down[j]*c[j + 1] - away[j]*c[j]
        ft[i] = (q.org_out[n - 1]*c[n - 1] - (qo + thin)*tank[i])/held
        # organic that leaves brings its metal along, and keeps the protons that the metal had displaced
        m = u.re[i] if i < nr else u.i_na
        k = u.z[i] if i < nr else 1.0
        out[m] += q.org_down[0]*c[0]
        out[u.i_h] -= k*q.org_down[0]*c[0]
        out[na + m] += q.org_down[ns]*c[ns]
        out[na + u.i_h] -= k*q.org_down[ns]*c[ns]
    f[(na + nr)*n] += taken*per[0]
    ft[nr + 1] = sx_crud_rate(u, s, sx_crud(u, y), qf + qs + qo)
    if u.at > 0.0:
        ft[nr + 2] = sx_heating(u, s, y, make_up)

    # interfaces: what comes over the weir of the next settler or from outside, and what goes over the own one
    fc = f + (na + nr + 1)*n
    for j in range(n - 1):
        fc[j] = q.over_weir[j + 1] - q.over_weir[j] - q.spilt[j]
    fc[ns - 1] = 1e-3*qs - q.over_weir[ns - 1] - q.spilt[ns - 1]
    fc[n - 1] = 1e-3*qt - q.over_weir[n - 1] - q.spilt[n - 1]
    fc[ne - 1] += 1e-3*qf
    fc[0] += 1e-3*(qw + q.aq_up[n - 1])
    for j in range(1, n):
        fc[j] += 1e-3*q.aq_up[j - 1]
    for j in range(n):
        fc[j] = (fc[j] - 1e-3*q.aq_up[j])*u.per_area[j]

    # transfer, mol per litre of organic and second
    sx_free(u, y + na*n, e)
    sx_acid(u, y, h, r)
    sx_powers(u, n, e, h, x, ln_h)
    for j in range(n):
        total[j] = 0.0
    for i in range(nr):
        c = y + u.re[i]*n
        org = y + (na + i)*n
        fc = f + u.re[i]*n
        fo = f + (na + i)*n
        sx_distribution(u, i, n, e, x, ln_h, ratio)
        for j in range(n):
            r[j] = u.kt[j]*speed*(ratio[j]*c[j] - org[j])/(1.0 + ratio[j]/FILM)
        for j in range(n):
            total[j] += u.z[i]*r[j]
        for j in range(n):
            fc[j] -= u.phi[j]*r[j]
        for j in range(n):
            fo[j] += r[j]
    c = y + u.i_na*n
    org = y + (na + nr)*n
    for j in range(n):
        r[j] = u.transfer_na*speed*(org[j] - u.k_na*c[j]*sqrt(e[j])/h[j])
    fc = f + u.i_h*n
    for j in range(n):
        fc[j] += u.phi[j]*(total[j] - r[j])
    fc = f + u.i_na*n
    for j in range(n):
        fc[j] += u.phi[j]*r[j]
    fo = f + (na + nr)*n
    for j in range(n):
        fo[j] -= r[j]


cdef inline void sx_factor(void* unit, Sheet* s, const double* y, double gh) noexcept nogil:
    """I - g h D S in the space of a stage's n_re + 1 transfers, D their slopes and S what they do to the stage.

    A transfer depends on its own x and y and, like all, on [H+] and e: a diagonal a, less a matrix of rank two,

        a(i) rho(i) - g h (dr(i)/dh P + dr(i)/de Q) = b(i),    P = s.rho, Q = t.rho

    with s = (z phi, ..., -phi) and t = (-bound z, ..., 1/2) over metals and Na: 2 x 2 equations for P and Q.
    """
    cdef SxCircuit* u = <SxCircuit*>unit
    cdef int na = u.na_aq, nr = u.n_re, n = sx_stages(u), m = nr + 1, i, j
    cdef double order_e, kn, speed = sx_mixing(u, s)*sx_warmth(u, y, TRANSFER_EA)
    cdef double p11, p12, p21, p22, det
    cdef double e[MAX_STAGES]
    cdef double h[MAX_STAGES]
    cdef double x[MAX_STAGES]
    cdef double ln_h[MAX_STAGES]
    cdef double ratio[MAX_STAGES]
    cdef double de[MAX_STAGES]
    cdef double dh[MAX_STAGES]
    cdef double film[MAX_STAGES]
    cdef double sum_h[MAX_STAGES]
    cdef double sum_e[MAX_STAGES]
    cdef const double* c
    cdef const double* org
    cdef double* gx
    cdef double* gy
    cdef double* g_h
    cdef double* ge
    cdef double* inv
    cdef double* q
    u.gh = gh
    sx_free(u, y + na*n, e)
    sx_acid(u, y, h, dh)
    sx_powers(u, n, e, h, x, ln_h)
    for j in range(n):
        de[j] = 1.0 if e[j] > LEAST_FREE else 0.0
        sum_h[j] = 0.0
        sum_e[j] = 0.0
    for i in range(nr):
        c = y + u.re[i]*n
        org = y + (na + i)*n
        gx = u.slope + 5*i*n
        gy = gx + n
        g_h = gy + n
        ge = g_h + n
        inv = ge + n
        sx_distribution(u, i, n, e, x, ln_h, ratio)
        order_e = 3.0 if u.law == LAW_DIMER else 0.0
        for j in range(n):
            film[j] = 1.0/(1.0 + ratio[j]/FILM)
        for j in range(n):
            gx[j] = u.kt[j]*speed*ratio[j]*film[j]
        for j in range(n):
            gy[j] = -u.kt[j]*speed*film[j]
        for j in range(n):
            # dr/d ln D: k D (x + y/FILM)/(1 + D/FILM)^2
            g_h[j] = gx[j]*(c[j] + org[j]/FILM)*film[j]
        for j in range(n):
            ge[j] = order_e*g_h[j]/e[j]*de[j]
        if u.dose_per_free > 0.0:
            for j in range(n):
                ge[j] = g_h[j]*(u.power_of_dose[i]/e[j] - u.order_by_dose[i]*u.dose_per_free*ln_h[j])*de[j]
            for j in range(n):
                g_h[j] *= -(u.order[i] + u.order_by_dose[i]*u.dose_per_free*e[j])*dh[j]/h[j]
        else:
            for j in range(n):
                g_h[j] *= -u.order[i]*dh[j]/h[j]
        for j in range(n):
            inv[j] = 1.0/(1.0 + gh*(u.phi[j]*gx[j] - gy[j]))
        for j in range(n):
            sum_h[j] += u.z[i]*g_h[j]*inv[j]
        for j in range(n):
            sum_e[j] += u.z[i]*ge[j]*inv[j]
    c = y + u.i_na*n
    gx = u.slope + 5*nr*n
    gy = gx + n
    g_h = gy + n
    ge = g_h + n
    inv = ge + n
    for j in range(n):
        kn = u.transfer_na*speed*u.k_na*sqrt(e[j])/h[j]
        gx[j] = -kn
    for j in range(n):
        gy[j] = u.transfer_na*speed
    for j in range(n):
        g_h[j] = -gx[j]*c[j]/h[j]*dh[j]
    for j in range(n):
        ge[j] = 0.5*gx[j]*c[j]/e[j]*de[j]
    for j in range(n):
        inv[j] = 1.0/(1.0 - gh*(u.phi[j]*gx[j] - gy[j]))
    q = u.inverse
    for j in range(n):
        p11 = 1.0 - gh*u.phi[j]*(sum_h[j] - g_h[j]*inv[j])
        p12 = -gh*u.phi[j]*(sum_e[j] - ge[j]*inv[j])
        p21 = -gh*(-u.bound*sum_h[j] + 0.5*g_h[j]*inv[j])
        p22 = 1.0 - gh*(-u.bound*sum_e[j] + 0.5*ge[j]*inv[j])
        det = 1.0/(p11*p22 - p12*p21)
        q[j] = p22*det
        q[n + j] = -p12*det
        q[2*n + j] = -p21*det
        q[3*n + j] = p11*det


cdef inline void sx_solve(void* unit, double* b) noexcept nogil:
    cdef SxCircuit* u = <SxCircuit*>unit
    cdef int na = u.na_aq, nr = u.n_re, n = sx_stages(u), i, j
    cdef double gh = u.gh, up, uq
    cdef double be[MAX_STAGES]
    cdef double bh[MAX_STAGES]
    cdef double rho[MAX_STAGES]
    cdef double total[MAX_STAGES]
    cdef double p[MAX_STAGES]
    cdef double q[MAX_STAGES]
    cdef double rest[MAX_STAGES*(MAX_RE + 1)]
    cdef double* c
    cdef double* org
    cdef double* t
    cdef const double* gx
    cdef const double* gy
    cdef const double* g_h
    cdef const double* ge
    cdef const double* inv
    cdef const double* z = u.inverse
    c = b + u.i_h*n
    org = b + (na + nr)*n
    for j in range(n):
        bh[j] = c[j]
        be[j] = -0.5*org[j]
        total[j] = 0.0
    for i in range(nr):
        org = b + (na + i)*n
        up = u.bound*u.z[i]
        for j in range(n):
            be[j] -= up*org[j]
    for i in range(nr + 1):
        c = b + (u.re[i] if i < nr else u.i_na)*n
        org = b + (na + i)*n
        gx = u.slope + 5*i*n
        gy = gx + n
        g_h = gy + n
        ge = g_h + n
        inv = ge + n
        t = rest + i*n
        for j in range(n):
            t[j] = (gx[j]*c[j] + gy[j]*org[j] + g_h[j]*bh[j] + ge[j]*be[j])*inv[j]
        if i < nr:
            for j in range(n):
                total[j] += u.z[i]*t[j]
    t = rest + nr*n
    for j in range(n):
        up = u.phi[j]*(total[j] - t[j])
        uq = -u.bound*total[j] + 0.5*t[j]
        p[j] = z[j]*up + z[n + j]*uq
        q[j] = z[2*n + j]*up + z[3*n + j]*uq
        total[j] = 0.0
    for i in range(nr):
        c = b + u.re[i]*n
        org = b + (na + i)*n
        g_h = u.slope + (5*i + 2)*n
        ge = g_h + n
        inv = ge + n
        t = rest + i*n
        for j in range(n):
            rho[j] = gh*(t[j] + gh*(g_h[j]*p[j] + ge[j]*q[j])*inv[j])
        for j in range(n):
            total[j] += u.z[i]*rho[j]
        for j in range(n):
            c[j] -= u.phi[j]*rho[j]
        for j in range(n):
            org[j] += rho[j]
    g_h = u.slope + (5*nr + 2)*n
    ge = g_h + n
    inv = ge + n
    t = rest + nr*n
    for j in range(n):
        rho[j] = gh*(t[j] + gh*(g_h[j]*p[j] + ge[j]*q[j])*inv[j])
    c = b + u.i_h*n
    for j in range(n):
        c[j] += u.phi[j]*(total[j] - rho[j])
    c = b + u.i_na*n
    for j in range(n):
        c[j] += u.phi[j]*rho[j]
    org = b + (na + nr)*n
    for j in range(n):
        org[j] -= rho[j]


cdef inline void sx_send(SxCircuit* u, Sheet* s, const double* y, const double* q) noexcept nogil:
    """Raffinate and strip liquor; solids that came with the feed pass through to the raffinate."""
    cdef double* raff = stream_next(s, u.raffinate)
    cdef double* liquor = stream_next(s, u.liquor)
    cdef const double* feed = stream_now(s, u.feed)
    cdef int i
    for i in range(s.nc):
        raff[S_MOL + i] = q[i] if i < u.na_aq else feed[S_MOL + i]
        liquor[S_MOL + i] = q[u.na_aq + i] if i < u.na_aq else 0.0
    raff[S_TEMP] = sx_temperature(u, y)
    liquor[S_TEMP] = raff[S_TEMP]
    raff[S_VOL] = liquid_volume(s, raff + S_MOL)
    liquor[S_VOL] = liquid_volume(s, liquor + S_MOL)


cdef inline void sx_observe(SxCircuit* u, Sheet* s, const double* y) noexcept nogil:
    """Organic flow [m3/s]; pH of E1, of the feed stage and of the last scrub stage; free acid of the strip liquor [mol/m3];
    loading of the organic to strip [mol/m3]; loading over its ceiling, C/6 of dimers; least free dimer [mol/m3]; interface where
    the aqueous leaves each bank [m]; organic in raffinate and in strip liquor [kg/m3]; organic lost [m3/s]; layer of
    crud [m]; organic in the tank over its span; density of the organic to strip [kg/m3]; share of a metal in the rare earth
    of the feed stage's aqueous; temperature [K]."""
    cdef double* p = s.probe + u.probe
    cdef int n = sx_stages(u), ne = u.n_extract, ns = ne + u.n_scrub, i, j
    cdef double e[MAX_STAGES]
    cdef double load, top = 0.0, least = 1e9, mass = u.organic_density
    cdef SxFlows q
    cdef const double* org = y + u.na_aq*n
    p[0] = 1e-3*sx_organic_flow(u, s, y)
    p[1] = -fast_log10(sx_stage_acid(u, y, 0))
    p[2] = -fast_log10(sx_stage_acid(u, y, ne - 1))
    p[3] = -fast_log10(sx_stage_acid(u, y, ns - 1))
    p[4] = 1e3*sx_stage_acid(u, y, ns)
    sx_free(u, org, e)
    for j in range(ns):
        load = 0.0
        for i in range(u.n_re):
            load += org[i*n + j]
        top = dmax(top, load)
        least = dmin(least, e[j])
        if j == ns - 1:
            p[5] = 1e3*load
    p[6] = 6.0*u.bound*top/u.extractant
    p[7] = 1e3*least
    p[8] = y[(u.na_aq + u.n_re + 1)*n]
    p[9] = y[(u.na_aq + u.n_re + 1)*n + ne]
    p[10] = y[(u.na_aq + u.n_re + 1)*n + ns]
    sx_flows(u, s, y, 1e3*stream_now(s, u.feed)[S_VOL], 1e3*stream_now(s, u.scrub)[S_VOL],
             1e3*stream_now(s, u.strip)[S_VOL], 1e3*stream_now(s, u.soda)[S_VOL], sx_organic_flow(u, s, y), &q)
    p[11] = u.organic_density*q.org_down[0]/q.aq_out[0] if q.aq_out[0] > 0.0 else 0.0
    p[12] = u.organic_density*q.org_down[ns]/q.aq_out[ns] if q.aq_out[ns] > 0.0 else 0.0
    p[13] = 1e-3*(q.org_down[0] + q.org_down[ns])
    p[14] = sx_crud(u, y)
    p[15] = sx_organic(u, y)/u.tank_span if u.tank_span > 0.0 else 1.0
    load = 0.0
    for i in range(u.n_re):
        mass += 1e3*u.molar_mass[u.re[i]]*org[i*n + ns - 1]
        load += dmax(y[u.re[i]*n + ne - 1], 0.0)
    p[16] = mass
    p[17] = dmax(y[u.profile*n + ne - 1], 0.0)/load if u.profile >= 0 and load > 0.0 else 0.0
    p[18] = sx_temperature(u, y)
