# cython: language_level=3, cdivision=True
"""Standard normal numbers for many instruments in one scan, the same to the bit as `random_normal` gives one at a time.

A table of keys is worked through column by column, so that the compiler's vectors take four numbers at a time: all as if they
lay in the middle of the distribution, as 85 % do, and then those that lie in its tails.
"""

from numerics cimport (
    far_tail, near_tail, normal_middle, random_place, random_start, random_stride, tail_depth, uint64_t, uniform_of,
)

cdef enum:
    NOISE_NUMBERS = 8       # of 8 bytes that a Noise keeps of each key

cdef struct Noise:
    int n
    uint64_t* key
    uint64_t* start     # of each key's sequence, and its stride: they follow from the seed
    uint64_t* stride
    double* p           # uniform on (0, 1)
    double* z           # standard normal
    double* depth       # of those in the tails, one behind the other,
    double* tail        # and their numbers without the sign
    long long* which    # and which they are


cdef inline void noise_keep(Noise* u, double* memory, int n) noexcept nogil:
    """Room for n keys in memory for NOISE_NUMBERS n numbers; the caller then writes the keys."""
    u.n = n
    u.key = <uint64_t*>memory
    u.start = <uint64_t*>(memory + n)
    u.stride = <uint64_t*>(memory + 2*n)
    u.p = memory + 3*n
    u.z = memory + 4*n
    u.depth = memory + 5*n
    u.tail = memory + 6*n
    u.which = <long long*>(memory + 7*n)


cdef inline void noise_seed(Noise* u, uint64_t seed) noexcept nogil:
    cdef int i
    for i in range(u.n):
        u.start[i] = random_start(seed, u.key[i])
        u.stride[i] = random_stride(u.start[i])


cdef inline void noise_draw(Noise* u, uint64_t scan) noexcept nogil:
    """Fill z for a scan."""
    cdef int i, k, n = u.n, tails = 0
    cdef double* p = u.p
    cdef double* z = u.z
    cdef double* depth = u.depth
    cdef double* tail = u.tail
    cdef long long* which = u.which
    for i in range(n):
        p[i] = uniform_of(random_place(u.start[i], u.stride[i], scan))
    for i in range(n):
        z[i] = normal_middle(p[i] - 0.5)
    for i in range(n):      # without a branch that nobody can foresee
        which[tails] = i
        depth[tails] = p[i]
        tails += (p[i] - 0.5 < -0.425) | (p[i] - 0.5 > 0.425)
    for k in range(tails):
        depth[k] = tail_depth(depth[k])
    for k in range(tails):
        tail[k] = near_tail(depth[k])
    for k in range(tails):
        i = <int>which[k]
        if depth[k] > 5.0:
            tail[k] = far_tail(depth[k])
        z[i] = -tail[k] if p[i] < 0.5 else tail[k]
