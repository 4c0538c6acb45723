# cython: language_level=3, cdivision=True
"""What a liquor with iron(III) is made of: free ions, hydroxide and chloride complexes, and the activity of its acid.

    p Fe3+ + q H2O + r Cl- = Fe_p(OH)_q Cl_r + q H+         K(T), of activities
    log10 gamma = -A z^2 sqrt(I)/(1 + a B sqrt(I)) + b I     B-dot (Helgeson 1969), a: size of the ion

Unknown are the free iron f, the acid h and the free chloride c, mol/L, from what there is of iron, net acidity and chloride:

    F = sum p C_j        net = h - Kw/h - sum q C_j        Cl = c + sum r C_j + Na kappa c/(1 + kappa c)

In ln f, -ln h and ln c these are the gradient of a convex function, so that Newton's method in steps that are not too long
finds the one answer from anywhere, and its matrix gives the slopes. The ionic strength is had from what there is, each metal counted at the mean square of the
charge of its ions: solved for, too, it would change ln gamma by less than 0.05. mol/L stands for mol per kg of water.
"""

from libc.math cimport fabs, sqrt

from numerics cimport LN10, clip, dot, fast_exp
from sheet cimport KW, dmax, dmin
from tank cimport free_acid

cdef enum:
    MAX_COMPLEXES = 8
    N_FREE = 3              # Fe3+, H+, Cl-: the first of the species
    MAX_IONS = 11
    N_POWERS = 5
    MAX_KNOWN = 64
    BY_IRON = 0             # what the answer depends on
    BY_ACID = 1
    BY_CHLORIDE = 2
    BY_STRENGTH = 3
    BY_SODIUM = 4
    N_CAUSES = 5

cdef extern from *:
    """
    #define MOST_STRENGTH 8.0    /* mol/L: as in 5 mol/L acid; beyond, the law means nothing */
    #define TRACE_IRON 1e-8      /* mol/L: of less, no two irons meet */
    """
    const double MOST_STRENGTH, TRACE_IRON

cdef struct Speciation:
    int i_fe3, i_h, i_cl, i_na
    double* weight          # per dissolved species but H: half the mean square of its charge
    int n                   # complexes
    int iron[MAX_COMPLEXES]         # p, q and r of a complex, less than N_POWERS
    int hydroxide[MAX_COMPLEXES]
    int chloride[MAX_COMPLEXES]
    double iron2[MAX_COMPLEXES]     # their products
    double iron_hydroxide[MAX_COMPLEXES]
    double iron_chloride[MAX_COMPLEXES]
    double hydroxide2[MAX_COMPLEXES]
    double hydroxide_chloride[MAX_COMPLEXES]
    double chloride2[MAX_COMPLEXES]
    double ln_k[MAX_COMPLEXES]      # at 298.15 K
    double slope[MAX_COMPLEXES]     # d ln K/d(1/T), K
    double charge2[MAX_IONS]        # squared; of Fe3+, H+, Cl-, then of the complexes
    double size[MAX_IONS]           # of an ion, Angstrom
    double pair             # kappa/(gamma_Na gamma_Cl) of NaCl
    double pair_slope       # d ln of it/d(1/T), K
    double a[3]             # A, B and b at so many degrees above 298.15 K: x0 + x1 t + x2 t^2
    double b[3]
    double bdot[3]
    int n_known             # dissolved species of the state that was last solved for, and it itself
    double known[MAX_KNOWN]     # mol
    double known_temp           # K
    double known_litres
    double acid             # activity of H+
    double share            # F/activity of Fe3+
    double acid_by[N_CAUSES]    # d ln acid and d ln share by F, net, Cl, I, Na, mol/L
    double share_by[N_CAUSES]


cdef inline double parabola(const double* x, double t) noexcept nogil:
    return x[0] + t*(x[1] + t*x[2])


cdef inline double acid_strength(double net) noexcept nogil:
    """[H+] + [OH-] of net acidity, mol/L."""
    return sqrt(net*net + 4.0*KW)


cdef inline double ionic_strength(const Speciation* u, int na, const double* y, double litres) noexcept nogil:
    return dot(y, u.weight, na)/litres + 0.5*acid_strength(y[u.i_h]/litres)


cdef inline void symmetric_inverse(const double* m, double* inv) noexcept nogil:
    """Inverse of a symmetric matrix of three, each as 00 01 02 11 12 22, by its minors."""
    cdef double a = m[3]*m[5] - m[4]*m[4], b = m[2]*m[4] - m[1]*m[5], c = m[1]*m[4] - m[2]*m[3]
    cdef double e = 1.0/(m[0]*a + m[1]*b + m[2]*c)
    inv[0] = a*e
    inv[1] = b*e
    inv[2] = c*e
    inv[3] = (m[0]*m[5] - m[2]*m[2])*e
    inv[4] = (m[1]*m[2] - m[0]*m[4])*e
    inv[5] = (m[0]*m[3] - m[1]*m[1])*e


cdef inline double power(double x, int n) noexcept nogil:
    """x^n of a small n."""
    cdef double result = 1.0
    cdef int i
    for i in range(n):
        result *= x
    return result


cdef inline bint is_known(Speciation* u, int na, const double* y, double temp, double litres) noexcept nogil:
    """Whether this is the state of the last call; if not, note it."""
    cdef bint same = u.n_known == na and u.known_temp == temp and u.known_litres == litres
    cdef int i
    if na > MAX_KNOWN:
        return False
    for i in range(na):
        same &= u.known[i] == y[i]
        u.known[i] = y[i]
    u.n_known = na
    u.known_temp = temp
    u.known_litres = litres
    return same


cdef inline void speciate(Speciation* u, int na, const double* y, double temp, double litres) noexcept nogil:
    """Acid, share and their slopes of the state y, mol in so many litres at temp K. A step begins at the state that
    instruments have just seen, so that a third of all calls have their answer already."""
    if not is_known(u, na, y, temp, litres):
        solve_ions(u, na, y, temp, litres)


cdef inline void solve_ions(Speciation* u, int na, const double* y, double temp, double litres) noexcept nogil:
    """Newton's method from a first guess that depends on the state alone."""
    cdef double ln_gamma[MAX_IONS]
    cdef double by_i[MAX_IONS]          # d ln gamma/dI
    cdef double ln_b[MAX_COMPLEXES]
    cdef double by_b[MAX_COMPLEXES]
    cdef double conc[MAX_COMPLEXES]
    cdef double constant[MAX_COMPLEXES]
    cdef double irons[N_POWERS]
    cdef double hydroxides[N_POWERS]
    cdef double chlorides[N_POWERS]
    cdef double factor[3]
    cdef double g[3]
    cdef double d[3]
    cdef double m[6]                    # of the matrix: 00 01 02 11 12 22
    cdef double inv[6]
    cdef double q[3]                    # d g/dI
    cdef double total = dmax(y[u.i_fe3], 0.0)/litres + 1e-30, net = y[u.i_h]/litres
    cdef double chloride = dmax(y[u.i_cl], 0.0)/litres + 1e-30, sodium = dmax(y[u.i_na], 0.0)/litres
    cdef double strength = dmin(ionic_strength(u, na, y, litres), MOST_STRENGTH), root = sqrt(strength)
    cdef double t = temp - 298.15, it = 1.0/temp - 1.0/298.15
    cdef double a = LN10*parabola(u.a, t), b = parabola(u.b, t), bd = LN10*parabola(u.bdot, t)
    cdef double f, h, c, pair, bound, size, by_pair
    cdef int j, k
    for j in range(N_FREE + u.n):
        size = 1.0 + b*u.size[j]*root
        ln_gamma[j] = bd*strength - a*u.charge2[j]*root/size
        by_i[j] = bd - 0.5*a*u.charge2[j]/(root*size*size)
    for j in range(u.n):
        k = N_FREE + j
        ln_b[j] = u.ln_k[j] + u.slope[j]*it + u.iron[j]*ln_gamma[0] - u.hydroxide[j]*ln_gamma[1] \
            + u.chloride[j]*ln_gamma[2] - ln_gamma[k]
        by_b[j] = u.iron[j]*by_i[0] - u.hydroxide[j]*by_i[1] + u.chloride[j]*by_i[2] - by_i[k]
    # sodium and chloride: activity coefficients as those of the chloride
    pair = u.pair*fast_exp(u.pair_slope*it + 2.0*ln_gamma[2])
    by_pair = 2.0*by_i[2]

    for j in range(u.n):
        constant[j] = fast_exp(ln_b[j])
    # first as if half the iron had hydrolysed, and no two irons met
    h = free_acid(net + 0.5*total if net < 0.0 else net)
    c = 0.8*chloride
    f = 1.0
    for j in range(u.n):
        if u.iron[j] == 1:
            f += constant[j]*power(1.0/h, u.hydroxide[j])*power(c, u.chloride[j])
    f = total/f
    irons[0] = hydroxides[0] = chlorides[0] = 1.0
    for k in range(100):
        irons[1] = f
        hydroxides[1] = 1.0/h
        chlorides[1] = c
        for j in range(2, N_POWERS):
            irons[j] = irons[j - 1]*f
            hydroxides[j] = hydroxides[j - 1]*hydroxides[1]
            chlorides[j] = chlorides[j - 1]*c
        bound = sodium*pair*c/(1.0 + pair*c)
        g[0] = f - total
        g[1] = KW/h - h + net
        g[2] = c + bound - chloride
        m[0] = f
        m[1] = m[2] = m[4] = 0.0
        m[3] = h + KW/h
        m[5] = c + bound/(1.0 + pair*c)
        for j in range(u.n):
            conc[j] = constant[j]*irons[u.iron[j]]*hydroxides[u.hydroxide[j]]*chlorides[u.chloride[j]]
            g[0] += u.iron[j]*conc[j]
            g[1] += u.hydroxide[j]*conc[j]
            g[2] += u.chloride[j]*conc[j]
            m[0] += u.iron2[j]*conc[j]
            m[1] += u.iron_hydroxide[j]*conc[j]
            m[2] += u.iron_chloride[j]*conc[j]
            m[3] += u.hydroxide2[j]*conc[j]
            m[4] += u.hydroxide_chloride[j]*conc[j]
            m[5] += u.chloride2[j]*conc[j]
        symmetric_inverse(m, inv)
        d[0] = -(inv[0]*g[0] + inv[1]*g[1] + inv[2]*g[2])
        d[1] = inv[1]*g[0] + inv[3]*g[1] + inv[4]*g[2]
        d[2] = -(inv[2]*g[0] + inv[4]*g[1] + inv[5]*g[2])
        for j in range(3):
            factor[j] = fast_exp(clip(d[j], -2.0, 2.0))
        f *= factor[0]
        h *= factor[1]
        c *= factor[2]
        if fabs(d[0]) + fabs(d[1]) + fabs(d[2]) < 1e-7:      # the next would be below rounding
            break
    u.acid = h*fast_exp(ln_gamma[1])
    u.share = total/(f*fast_exp(ln_gamma[0]))

    q[0] = q[1] = 0.0
    q[2] = by_pair*bound/(1.0 + pair*c)
    for j in range(u.n):
        q[0] += u.iron[j]*conc[j]*by_b[j]
        q[1] += u.hydroxide[j]*conc[j]*by_b[j]
        q[2] += u.chloride[j]*conc[j]*by_b[j]
    u.acid_by[BY_IRON] = -inv[1]
    u.acid_by[BY_ACID] = inv[3]
    u.acid_by[BY_CHLORIDE] = -inv[4]
    u.acid_by[BY_STRENGTH] = by_i[1] + inv[1]*q[0] + inv[3]*q[1] + inv[4]*q[2]
    u.acid_by[BY_SODIUM] = inv[4]*pair*c/(1.0 + pair*c)
    u.share_by[BY_IRON] = 1.0/total - inv[0] if total > TRACE_IRON else 0.0
    u.share_by[BY_ACID] = inv[1]
    u.share_by[BY_CHLORIDE] = -inv[2]
    u.share_by[BY_STRENGTH] = -by_i[0] + inv[0]*q[0] + inv[1]*q[1] + inv[2]*q[2]
    u.share_by[BY_SODIUM] = inv[2]*pair*c/(1.0 + pair*c)
    if strength == MOST_STRENGTH:
        u.acid_by[BY_STRENGTH] = u.share_by[BY_STRENGTH] = 0.0
    # the acid counts in the ionic strength, too
    u.acid_by[BY_ACID] += u.acid_by[BY_STRENGTH]*0.5*net/acid_strength(net)
    u.share_by[BY_ACID] += u.share_by[BY_STRENGTH]*0.5*net/acid_strength(net)


cdef inline double caused(const Speciation* u, const double* by, int na, const double* y, double litres) noexcept nogil:
    """What a change y of the amounts, mol, does to ln acid or ln share."""
    return (by[BY_IRON]*y[u.i_fe3] + by[BY_ACID]*y[u.i_h] + by[BY_CHLORIDE]*y[u.i_cl] + by[BY_SODIUM]*y[u.i_na]
            + by[BY_STRENGTH]*dot(y, u.weight, na))/litres
