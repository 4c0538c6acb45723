# cython: language_level=3, cdivision=True
"""What all units share: the species, the streams between units, the actuators' openings and the boundary's totals.

A stream is a block of `width` doubles: temperature [K], liquid volume flow [m3/s], molar flow of every species [mol/s],
then the undissolved particles: mass flow in each bin of radius [kg/s], class by class (alloy, oxide, Nd-rich grain
boundary), and after that the same times the mean radius of the mass, counted in bin widths.

A tick reads the streams of the last one (`now`) and writes the mean flow over this one (`nxt`): units see each other with
one tick's delay, so their order does not matter, and what is under way in a stream is part of the hold-up, so nothing is
lost between two units.
"""

from numerics cimport dot, scale_into

cdef enum:
    S_TEMP = 0          # offsets in a stream
    S_VOL = 1
    S_MOL = 2
    MAX_IN = 8
    MAX_OUT = 4
    CLASSES = 3         # of particles: alloy, oxide, Nd-rich grain boundary
    C_BOUNDARY = 2

cdef extern from *:
    """
    #define KW 1e-14             /* [Q] ion product of water at 25 C, (mol/L)^2 */
    #define R_GAS 8.314462618    /* [S] J/mol/K, CODATA 2018 */
    #define RHO_CP 4.0e6         /* [T] heat capacity of liquor, J/m3/K: aqueous chloride, within 5 % of water */
    #define AIR_OXYGEN 0.2095    /* [C] by volume */
    #define ATMOSPHERE 101325.0  /* [C] Pa */
    #define NORMAL_T 293.15      /* [C] K, of gas in mains and headspaces */
    #define GAS_DENSITY 41.6     /* [C] mol/m3 at 20 C and 1 atm */
    #define EVAPORATION 44.0e3   /* [Q] J/mol of water, 25 C */
    #define SHELL 0.02           /* [T] of a vessel's span: liquor that holds as much heat as its walls */
    #define STORE_DRY 0.002      /* [T] of a store's span, at which its pump gives half of what it should */
    """
    const double KW, R_GAS, RHO_CP, AIR_OXYGEN, ATMOSPHERE, NORMAL_T, GAS_DENSITY, EVAPORATION, SHELL, STORE_DRY

cdef struct Sheet:
    int nc              # species; the first na of them are dissolved
    int na
    int nb              # size bins of each class of particles
    int width           # doubles in a stream
    int* used           # doubles of each stream that may be other than nought: one without particles has none in its bins
    double* vmol        # molar volume in solution, m3/mol (0 for solids)
    double* mass        # molar mass, kg/mol
    int* solid          # 1: suspended solid
    double* now
    double* nxt
    double* drive       # opening or speed of every actuator, 0..1
    double* probe       # true values, SI
    double* edge_in     # mol of each species that entered the plant, and left it
    double* edge_out
    int i_h2o, i_h, i_na, i_cl
    int i_h2, i_o2, i_co2
    unsigned long long seed     # of the lots of feed
    double time                 # s of plant time at the start of the scan
    bint averaged               # batch units show the mean over their cycle


cdef struct Outlet:
    int stream
    int drive           # actuator that sets the flow; -1: overflow
    int head            # 1: gravity, flow follows the square root of the level
    double capacity     # m3/s (kg/s for solids) at full opening
    double factor       # 1 when healthy
    int gate            # actuator of a shut-off valve in the line; -1: none
    const double* limit # m3/s that what stands behind lets in at most; NULL: all


cdef inline double driven_flow(const Outlet* o, const Sheet* s) noexcept nogil:
    """What the device of an outlet gives [m3/s, of solids kg/s] past the shut-off valve, from a full vessel."""
    cdef double q = o.capacity*o.factor*s.drive[o.drive]
    return q if o.gate < 0 else q*s.drive[o.gate]


cdef inline double* stream_now(const Sheet* s, int k) noexcept nogil:
    return s.now + k*s.width


cdef inline double* stream_next(const Sheet* s, int k) noexcept nogil:
    return s.nxt + k*s.width



cdef inline double dmax(double a, double b) noexcept nogil:
    return a if a > b else b


cdef inline double dmin(double a, double b) noexcept nogil:
    return a if a < b else b


cdef inline double liquid_volume(const Sheet* s, const double* n) noexcept nogil:
    """V = sum n_i v_i over the dissolved species and water [m3]."""
    return dot(n, s.vmol, s.na)


cdef inline void send(Sheet* s, int k, double temperature, const double* mol, double share) noexcept nogil:
    """Write `share` of the molar flow `mol` [mol/s] into stream k, at one temperature [K]; bins are left to the caller."""
    cdef double* out = stream_next(s, k)
    scale_into(out + S_MOL, share, mol, s.nc)
    out[S_TEMP] = temperature
    out[S_VOL] = liquid_volume(s, out + S_MOL)
