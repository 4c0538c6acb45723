# cython: language_level=3, cdivision=True
"""Standard normal numbers for many instruments in one scan, the same to the bit as `random_normal` gives one at a time.

A table of keys is worked through column by column, so that the compiler's vectors take the middle of the distribution,
85 % of all numbers, four at a time; what lies in the tails is then put right one by one.
"""

from numerics cimport (
    normal_middle, normal_tail, random_place, random_start, random_stride, uint64_t, uniform_of,
)

cdef enum:
    NOISE_NUMBERS = 5       # of 8 bytes that a Noise keeps of each key

cdef struct Noise:
    int n
    uint64_t* key
    uint64_t* start     # of each key's sequence, and its stride: they follow from the seed
    uint64_t* stride
    double* p           # uniform on (0, 1)
    double* z           # standard normal


cdef inline void noise_keep(Noise* u, double* memory, int n) noexcept nogil:
    """Room for n keys in memory for NOISE_NUMBERS n numbers; the caller then writes the keys."""
    u.n = n
    u.key = <uint64_t*>memory
    u.start = <uint64_t*>(memory + n)
    u.stride = <uint64_t*>(memory + 2*n)
    u.p = memory + 3*n
    u.z = memory + 4*n


cdef inline void noise_seed(Noise* u, uint64_t seed) noexcept nogil:
    cdef int i
    for i in range(u.n):
        u.start[i] = random_start(seed, u.key[i])
        u.stride[i] = random_stride(u.start[i])


cdef inline void noise_draw(Noise* u, uint64_t scan) noexcept nogil:
    """Fill z for a scan."""
    cdef int i
    for i in range(u.n):
        u.p[i] = uniform_of(random_place(u.start[i], u.stride[i], scan))
    for i in range(u.n):
        u.z[i] = normal_middle(u.p[i] - 0.5)
    for i in range(u.n):
        if not -0.425 <= u.p[i] - 0.5 <= 0.425:
            u.z[i] = normal_tail(u.p[i])
