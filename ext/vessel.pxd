# cython: language_level=3, cdivision=True
"""The integrator: one ROS2 W-step a tick, with a step test and quartering.

    (I - g h A) k1 = f(u)                    g = 1 - 1/sqrt 2, A = local chemistry alone
    (I - g h A) k2 = f(u + h k1) - 2 k1      u+ = u + h (3/2 k1 + 1/2 k2)

Verwer, Spee, Blom and Hundsdorfer, SIAM J. Sci. Comput. 20 (1999) 1456. The order is 2 for any A, so transport stays
explicit; A has the left null vectors of the chemistry, so what reactions conserve is conserved to rounding; f(u) = 0 gives
k = 0, so the simulator's steady state is the equations'. A step whose first-order error is too large, or that would drive
an amount negative, is quartered: the choice depends on computed values only, hence it is the same in every run. An amount that
is below nothing already, by the rounding of what flows in, is no reason: no step is short enough for it.

A unit's right-hand side writes ny derivatives and behind them nq flows, whose integrals over the tick leave the unit: they
get the integrator's own weights, so that what leaves is exactly what is missing.
"""

from libc.math cimport fabs

from sheet cimport Sheet

cdef extern from *:
    """
    #define ROS2_GAMMA (1.0 - 0.70710678118654752440)
    #define STEP_RTOL 1e-3
    """
    const double ROS2_GAMMA, STEP_RTOL

cdef enum:
    MAX_QUARTERINGS = 8

ctypedef void (*Rhs)(void* unit, Sheet* s, const double* y, double* f) noexcept nogil
ctypedef void (*Factor)(void* unit, Sheet* s, const double* y, double gh) noexcept nogil
ctypedef void (*Solve)(void* unit, double* b) noexcept nogil

cdef struct Vessel:
    int ny
    int nq
    double* y           # ny states
    double* q           # nq integrals over the last tick
    double* atol        # ny absolute tolerances
    double* floor       # ny: no step may take a state below; -inf of net acidity, which may be negative
    double* work        # 3 (ny + nq); all vessels of a plant have the same, which stays near the processor
    void* unit
    Rhs rhs
    Factor factor       # called behind rhs, at the same state; NULL where A = 0: the step is Heun's then
    Solve solve
    long long steps     # accepted steps and rejected ones since the start
    long long rejected
    long long floored   # ticks in which the smallest step was still too large
    long long ticks     # all


cdef inline double step_error(const Vessel* v, const double* k1, const double* k2, double h) noexcept nogil:
    """Largest first-order error over its tolerance; above 1 the step is too long."""
    cdef double e, err = 0.0
    cdef int i
    for i in range(v.ny):
        e = fabs(0.5*h*(k1[i] + k2[i]))/(v.atol[i] + STEP_RTOL*fabs(v.y[i]))
        err = e if e > err else err
    return err


cdef inline bint vessel_advance(Vessel* v, Sheet* s, double tick) noexcept nogil:
    """Advance the states by one tick [s] with inlet streams and openings held; leave the mean outflows in q.

    Returns whether all steps passed the step test, in which case all states are finite."""
    cdef int ny = v.ny, n = v.ny + v.nq, i, depth = 0
    cdef double* k1 = v.work
    cdef double* k2 = v.work + n
    cdef double* u = v.work + 2*n
    cdef double* y = v.y
    cdef double* out = v.q
    cdef const double* atol = v.atol
    cdef const double* floor = v.floor
    cdef double h = tick, t = 0.0, x, part
    cdef long long bad, floored = v.floored
    while True:
        v.rhs(v.unit, s, y, k1)
        if v.factor != NULL:
            v.factor(v.unit, s, y, ROS2_GAMMA*h)
            v.solve(v.unit, k1)
        for i in range(ny):
            u[i] = y[i] + h*k1[i]
        v.rhs(v.unit, s, u, k2)
        for i in range(n):
            k2[i] -= 2.0*k1[i]
        if v.factor != NULL:
            v.solve(v.unit, k2)
        bad = 0
        # one verdict over all states and no division, so that the compiler makes vectors of it; what is not a number is
        # never within the tolerance
        for i in range(ny):
            x = y[i] + h*(1.5*k1[i] + 0.5*k2[i])
            u[i] = x
            bad |= <long long>(not fabs(0.5*h*(k1[i] + k2[i])) <= atol[i] + STEP_RTOL*fabs(y[i]))
            bad |= <long long>(x < floor[i]) & <long long>(y[i] >= floor[i])
        if bad != 0 and depth < MAX_QUARTERINGS:
            h *= 0.25
            depth += 1
            v.rejected += 1
            continue
        if bad != 0:
            v.floored += 1
        x = step_error(v, k1, k2, h) if depth > 0 else 0.0
        for i in range(ny):
            y[i] = u[i]
        part = h/tick
        if t == 0.0:
            for i in range(v.nq):
                out[i] = part*(1.5*k1[ny + i] + 0.5*k2[ny + i])
        else:
            for i in range(v.nq):
                out[i] += part*(1.5*k1[ny + i] + 0.5*k2[ny + i])
        v.steps += 1
        t += h
        if t >= tick*(1.0 - 1e-9):
            break
        # lengthen again only on a boundary of the longer step, so that the steps keep adding up to the tick exactly
        while depth > 0 and x < 0.05 and (<long long>(t/h + 0.5)) % 4 == 0 and t + 4.0*h <= tick*(1.0 + 1e-9):
            h *= 4.0
            depth -= 1
    v.ticks += 1
    return v.floored == floored


cdef inline void lu_factor(double* m, int n) noexcept nogil:
    """In-place LU without pivoting: I - g h D S is close to diagonally dominant for reactions that relax."""
    cdef int i, j, k
    cdef double f
    for k in range(n):
        f = 1.0/m[k*n + k]
        for i in range(k + 1, n):
            m[i*n + k] *= f
            if m[i*n + k] != 0.0:
                for j in range(k + 1, n):
                    m[i*n + j] -= m[i*n + k]*m[k*n + j]


cdef inline void lu_solve(const double* m, int n, double* b) noexcept nogil:
    cdef int i, j
    for i in range(n):
        for j in range(i):
            b[i] -= m[i*n + j]*b[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            b[i] -= m[i*n + j]*b[j]
        b[i] /= m[i*n + i]
