# cython: language_level=3, cdivision=True
"""The core's own elementary functions and random numbers.

The C library picks another exp or log on another processor, so its last bit differs from machine to machine. These use only
+ - * / sqrt and the bits of a double, in a fixed order, so that a run is the same everywhere (given -ffp-contract=off).
Measured against 80-bit arithmetic over two million arguments: exp 0.96 ulp, log 1.25 ulp, log10 1.85 ulp at most.
"""

from libc.math cimport sqrt

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    static inline uint64_t plantsim_bits(double x) { uint64_t b; memcpy(&b, &x, 8); return b; }
    static inline double plantsim_double(uint64_t b) { double x; memcpy(&x, &b, 8); return x; }

    #define LN2_HI 6.93147180369123816490e-01     /* ln 2 in two parts: 33 bits, so that k LN2_HI is exact, and the rest */
    #define LN2_LO 1.90821492927058770002e-10
    #define LN10 2.302585092994046
    #define LOG2_E 1.4426950408889634074
    #define LOG10_E 0.43429448190325182765
    #define LOG10_2_HI 3.01029995663611771306e-01
    #define LOG10_2_LO 3.69423907715893078616e-13
    #define ROUNDER 6755399441055744.0            /* 1.5 2^52: adding it leaves an integer in the low bits */
    #define GOLDEN 0x9E3779B97F4A7C15ULL          /* 2^64 over the golden ratio */
    #define MIX_1 0xBF58476D1CE4E5B9ULL
    #define MIX_2 0x94D049BB133111EBULL
    #define EXPONENT 0xFFF0000000000000ULL        /* sign and exponent of a double */
    #define BITS_1 0x3FF0000000000000ULL
    #define BITS_2_52 0x4330000000000000ULL       /* of 2^52, whose last bit counts ones */
    #define TWO_52 4503599627370496.0
    #define BITS_SQRT_HALF 0x3FE6A09E667F3BCDULL
    #define INFINITE plantsim_double(0x7FF0000000000000ULL)
    #define NOT_A_NUMBER plantsim_double(0x7FF8000000000000ULL)
    """
    ctypedef unsigned long long uint64_t
    uint64_t plantsim_bits(double x) noexcept nogil
    double plantsim_double(uint64_t b) noexcept nogil
    const double LN2_HI, LN2_LO, LN10, LOG2_E, LOG10_E, LOG10_2_HI, LOG10_2_LO, ROUNDER, INFINITE, NOT_A_NUMBER, TWO_52
    const uint64_t GOLDEN, MIX_1, MIX_2, EXPONENT, BITS_1, BITS_SQRT_HALF, BITS_2_52


cdef inline double clip(double x, double low, double high) noexcept nogil:
    return low if x < low else (high if x > high else x)


cdef inline double fast_exp(double x) noexcept nogil:
    """e^x; 0 below -745.2, inf above 709.8, nan for nan.

    x = k ln 2 + r with |r| <= ln(2)/2, e^x = 2^k e^r; e^r is its Taylor polynomial of degree 13 (remainder 4e-18).
    2^k is applied in two factors, so that subnormal and overflowing results come out right.
    """
    cdef double c = clip(x, -746.0, 710.0)
    cdef double shifted = c*LOG2_E + ROUNDER
    cdef double k = shifted - ROUNDER
    cdef double r = (c - k*LN2_HI) - k*LN2_LO
    cdef double p = 1.0/6227020800.0
    cdef uint64_t n = plantsim_bits(shifted) - plantsim_bits(ROUNDER) + 2048    # k + 2048, never negative
    cdef uint64_t half = n >> 1
    p = 1.0/479001600.0 + r*p
    p = 1.0/39916800.0 + r*p
    p = 1.0/3628800.0 + r*p
    p = 1.0/362880.0 + r*p
    p = 1.0/40320.0 + r*p
    p = 1.0/5040.0 + r*p
    p = 1.0/720.0 + r*p
    p = 1.0/120.0 + r*p
    p = 1.0/24.0 + r*p
    p = 1.0/6.0 + r*p
    p = 0.5 + r*p
    p = 1.0 + (r + r*r*p)
    return p*plantsim_double((half - 1) << 52)*plantsim_double((n - half - 1) << 52)


cdef inline double lag_step(double h, double lag) noexcept nogil:
    """1 - e^(-h/lag): the share of the way to a constant input that a first-order lag goes in h; 1 where lag is 0."""
    cdef double y, p
    if not (lag > 0.0):
        return 1.0
    y = h/lag
    if y > 0.125:
        return 1.0 - fast_exp(-y)
    # Taylor up to y^10 (remainder 1e-17): 1 - e^-y would cancel
    p = 1.0/3628800.0
    p = 1.0/362880.0 - y*p
    p = 1.0/40320.0 - y*p
    p = 1.0/5040.0 - y*p
    p = 1.0/720.0 - y*p
    p = 1.0/120.0 - y*p
    p = 1.0/24.0 - y*p
    p = 1.0/6.0 - y*p
    p = 0.5 - y*p
    return y*(1.0 - y*p)


cdef inline bint is_finite(double x) noexcept nogil:
    return x - x == 0.0


cdef inline double of_integer(uint64_t n) noexcept nogil:
    """n < 2^52 as a double, exactly; processors before AVX-512 have no vectors of the conversion itself."""
    return plantsim_double(n | BITS_2_52) - TWO_52


cdef inline double log_parts(double x, double* k) noexcept nogil:
    """ln m of x = 2^k m with m in (sqrt(1/2), sqrt 2]; x is positive and finite.

    With f = m - 1 and s = f/(2 + f): ln m = f - (f^2/2 - s (f^2/2 + R)), R = sum of 2/(2n+1) s^(2n) over n = 1..10.
    """
    cdef bint tiny = x < 2.2250738585072014e-308
    cdef uint64_t bits = plantsim_bits(x*18014398509481984.0 if tiny else x)    # 2^54
    # what lies between sqrt(1/2) and 1 carries into the exponent exactly where the mantissa exceeds sqrt 2
    cdef uint64_t raised = bits + (BITS_1 - BITS_SQRT_HALF)
    cdef double m = plantsim_double(bits - (raised & EXPONENT) + BITS_1)
    cdef double f = m - 1.0
    cdef double s = f/(2.0 + f)
    cdef double z = s*s
    cdef double half = 0.5*f*f
    cdef double r = 2.0/21.0
    k[0] = of_integer(raised >> 52) - (1077.0 if tiny else 1023.0)
    r = 2.0/19.0 + z*r
    r = 2.0/17.0 + z*r
    r = 2.0/15.0 + z*r
    r = 2.0/13.0 + z*r
    r = 2.0/11.0 + z*r
    r = 2.0/9.0 + z*r
    r = 2.0/7.0 + z*r
    r = 2.0/5.0 + z*r
    r = 2.0/3.0 + z*r
    return f - (half - s*(half + z*r))


cdef inline double dot(const double* a, const double* b, int n) noexcept nogil:
    """sum a b, in four sums side by side: the order is fixed, and no sum waits for the one before it."""
    cdef double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0
    cdef int i, whole = n - n % 4
    for i in range(0, whole, 4):
        s0 += a[i]*b[i]
        s1 += a[i + 1]*b[i + 1]
        s2 += a[i + 2]*b[i + 2]
        s3 += a[i + 3]*b[i + 3]
    for i in range(whole, n):
        s0 += a[i]*b[i]
    return (s0 + s1) + (s2 + s3)


cdef inline void add_to(double* a, const double* b, int n) noexcept nogil:
    """a += b"""
    cdef int i
    for i in range(n):
        a[i] += b[i]


cdef inline void scale_into(double* a, double x, const double* b, int n) noexcept nogil:
    """a = x b"""
    cdef int i
    for i in range(n):
        a[i] = x*b[i]


cdef inline bint all_finite(const double* x, int n) noexcept nogil:
    """Nought times what is not finite is not nought; in sixteen sums side by side, four vectors that wait for nobody."""
    cdef double s[16]
    cdef int i, k, whole = n - n % 16
    if n == 0:
        return True
    if n == 1:
        return is_finite(x[0])
    for k in range(16):
        s[k] = 0.0
    for i in range(0, whole, 16):
        for k in range(16):
            s[k] += 0.0*x[i + k]
    for i in range(whole, n):
        s[0] += 0.0*x[i]
    for k in range(1, 16):
        s[0] += s[k]
    return s[0] == 0.0


cdef inline bint has_log(double x) noexcept nogil:
    return x > 0.0 and x < INFINITE


cdef inline double log_edge(double x) noexcept nogil:
    """Logarithm to any base where there is no finite one: -inf at 0, nan below, inf and nan as they are."""
    return -INFINITE if x == 0.0 else (NOT_A_NUMBER if x < 0.0 else x)


cdef inline double finite_log(double x) noexcept nogil:
    """Natural logarithm of a positive, finite number: no branch, so that the compiler makes vectors of it."""
    cdef double k = 0.0
    cdef double m = log_parts(x, &k)
    return k*LN2_HI + (k*LN2_LO + m)


cdef inline double fast_log(double x) noexcept nogil:
    """Natural logarithm; -inf at 0, nan below."""
    return finite_log(x) if has_log(x) else log_edge(x)


cdef inline double fast_log10(double x) noexcept nogil:
    """Decimal logarithm; -inf at 0, nan below."""
    cdef double k = 0.0
    cdef double m
    if not has_log(x):
        return log_edge(x)
    m = log_parts(x, &k)
    return k*LOG10_2_HI + (k*LOG10_2_LO + m*LOG10_E)


cdef inline uint64_t mix64(uint64_t z) noexcept nogil:
    """The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014; constants of Stafford's variant 13): a bijection of 64 bits."""
    z = (z ^ (z >> 30))*MIX_1
    z = (z ^ (z >> 27))*MIX_2
    return z ^ (z >> 31)


cdef inline uint64_t random_start(uint64_t seed, uint64_t key) noexcept nogil:
    """Where the sequence of a key begins: every key is a SplitMix64 generator with its own start and its own odd stride."""
    return mix64(mix64(seed + GOLDEN) + key*GOLDEN)


cdef inline uint64_t random_stride(uint64_t start) noexcept nogil:
    return mix64(start + GOLDEN) | 1


cdef inline uint64_t random_place(uint64_t start, uint64_t stride, uint64_t scan) noexcept nogil:
    """64 random bits at a place of a sequence."""
    return mix64(start + scan*stride)


cdef inline double uniform_of(uint64_t bits) noexcept nogil:
    """Uniform on the open interval (0, 1): 2^52 equally spaced values."""
    return (of_integer(bits >> 12) + 0.5)*2.220446049250313e-16


cdef inline double random_uniform(uint64_t seed, uint64_t key, uint64_t scan) noexcept nogil:
    """Uniform on (0, 1); depends on nothing but the three counters: no stream, no order of drawing."""
    cdef uint64_t start = random_start(seed, key)
    return uniform_of(random_place(start, random_stride(start), scan))


cdef inline double normal_middle(double q) noexcept nogil:
    """x with Phi(x) = 0.5 + q for |q| <= 0.425; elsewhere a number that means nothing."""
    cdef double r = 0.180625 - q*q
    return q*(((((((2509.0809287301226727*r + 33430.575583588128105)*r + 67265.770927008700853)*r
                  + 45921.953931549871457)*r + 13731.693765509461125)*r + 1971.5909503065514427)*r
               + 133.14166789178437745)*r + 3.387132872796366608)/(
        ((((((5226.495278852854561*r + 28729.085735721942674)*r + 39307.89580009271061)*r
            + 21213.794301586595867)*r + 5394.1960214247511077)*r + 687.1870074920579083)*r
         + 42.313330701600911252)*r + 1.0)


cdef inline double tail_depth(double p) noexcept nogil:
    """sqrt(-ln p) of p or 1 - p, whichever is less."""
    return sqrt(-finite_log(p if p < 0.5 else 1.0 - p))


cdef inline double near_tail(double r) noexcept nogil:
    """-x with Phi(x) = p for 0 < p < 0.075, r = sqrt(-ln p) being 5 or less; beyond, a number that means nothing."""
    r -= 1.6
    return (((((((7.7454501427834140764e-4*r + 0.0227238449892691845833)*r + 0.24178072517745061177)*r
            + 1.27045825245236838258)*r + 3.64784832476320460504)*r + 5.7694972214606914055)*r
         + 4.6303378461565452959)*r + 1.42343711074968357734)/(
        ((((((1.05075007164441684324e-9*r + 5.475938084995344946e-4)*r + 0.0151986665636164571966)*r
            + 0.14810397642748007459)*r + 0.68976733498510000455)*r + 1.6763848301838038494)*r
         + 2.05319162663775882187)*r + 1.0)


cdef inline double far_tail(double r) noexcept nogil:
    """The same for r above 5, p < 1.4e-11."""
    r -= 5.0
    return (((((((2.01033439929228813265e-7*r + 2.71155556874348757815e-5)*r + 0.0012426609473880784386)*r
            + 0.026532189526576123093)*r + 0.29656057182850489123)*r + 1.7848265399172913358)*r
         + 5.4637849111641143699)*r + 6.6579046435011037772)/(
        ((((((2.04426310338993978564e-15*r + 1.4215117583164458887e-7)*r + 1.8463183175100546818e-5)*r
            + 7.868691311456132591e-4)*r + 0.0148753612908506148525)*r + 0.13692988092273580531)*r
         + 0.59983220655588793769)*r + 1.0)


cdef inline double normal_tail(double p) noexcept nogil:
    """x with Phi(x) = p for 0 < p < 0.075 and 0.925 < p < 1."""
    cdef double r = tail_depth(p)
    cdef double x = near_tail(r) if r <= 5.0 else far_tail(r)
    return -x if p < 0.5 else x


cdef inline double normal_quantile(double p) noexcept nogil:
    """x with Phi(x) = p, 0 < p < 1; relative error about 1e-15.

    Wichura's algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477: a rational function of p in the middle, of
    sqrt(-ln p) in the tails.
    """
    cdef double q = p - 0.5
    return normal_middle(q) if -0.425 <= q <= 0.425 else normal_tail(p)


cdef inline double random_normal(uint64_t seed, uint64_t key, uint64_t scan) noexcept nogil:
    """A standard normal number for one instrument (key) in one scan."""
    return normal_quantile(random_uniform(seed, key, scan))
