"""Multislice: how an electron wave passes through atoms, slice by slice."""
