# cython: language_level=3, cdivision=True
"""Conductivity of a dilute salt liquor, as of sodium chloride: kappa = K_INFINITE c / (1 + K_FALL sqrt c)."""

from libc.math cimport sqrt

cdef extern from *:
    """
    #define K_INFINITE 12.64     /* [Q] S/m per mol/L: 126.4 S cm2/mol of NaCl at infinite dilution, 25 C */
    #define K_FALL 0.475         /* [C] (L/mol)^0.5: the fall with strength, fitted to within 3 % up to 1 mol/L */
    """
    const double K_INFINITE, K_FALL


cdef inline double conductivity(double salt) noexcept nogil:
    """S/m of so many mol/L of chloride."""
    return K_INFINITE*salt/(1.0 + K_FALL*sqrt(salt))
