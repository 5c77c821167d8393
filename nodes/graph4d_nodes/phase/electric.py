"""What deflects the beam, in units of electrostatics: the electric field of a sample, and its charges."""

from __future__ import annotations

import math
from typing import Annotated

from graph4d import Image, Length, Range, UsageError, VectorField, node
from graph4d_nodes.image.field import divergence
from graph4d_nodes.optics.interaction import interaction
from graph4d_nodes.types import BeamEnergy
from graph4d_nodes.values import sampling

__all__ = ["charge_density", "electric_field"]

#: ε₀ [e/(V Å)], CODATA 2018.
VACUUM_PERMITTIVITY = 8.8541878128e-12 / 1.602176634e-19 * 1e-10
DENSITIES = {"V": "e/Å**2", "V/Å": "e/Å**3"}


@node("phase.electric_field")
def electric_field(
    com: VectorField, *, energy: BeamEnergy | None = None, thickness: Annotated[Length, Range(0.1)] | None = None
) -> VectorField:
    """Electric field of a thin sample from the centre of mass: it points away from nuclei.

    The field is seen with the intensity of the probe: blurred by it. That of a magnetic sample holds the deflection by
    the magnetic field, too, as if an electric one had caused it.

    Parameters
    ----------
    com : VectorField
        Centre of mass [1/Å] in the axes of the scan, (component, y, x).
    energy : float, optional
        Of the electrons [eV]; by default what ``com`` knows from its scan.
    thickness : float, optional
        Of the sample [Å], to get the mean of the field along the beam.

    Returns
    -------
    VectorField
        (component, y, x): the field's integral along the beam [V], or its mean over the thickness [V/Å].

    Raises
    ------
    UsageError
        The centre of mass is not in 1/Å, or the energy is not known.

    Notes
    -----
    ∫E dz = −(2π/σ)·COM, as the phase is σ·∫V dz and E = −∇V.
    Source: Müller et al., Nature Communications 5 (2014) 5653.
    """
    unit = com.attrs.get("units")
    if unit != "1/Å":
        raise UsageError(
            f"an electric field needs the centre of mass in 1/Å, and this one is in {unit}; give `detector_step` to "
            "io.open"
        )
    known = energy or com.attrs.get("energy")
    if known is None:
        raise UsageError("an electric field needs the energy of the electrons; give `energy` here or to io.open")
    field = com.copy(data=com.values * (-2 * math.pi / interaction(known) / (thickness or 1.0)))
    field.attrs = {"units": "V" if thickness is None else "V/Å"}
    return field.rename("electric field")


@node("phase.charge_density")
def charge_density(field: VectorField) -> Image:
    """Charges of a sample from its electric field, by Gauss's law: nuclei are positive, electrons negative.

    Both are blurred by the probe, as the field is. A derivative raises noise with its frequency: see to a smooth field.

    Parameters
    ----------
    field : VectorField
        (component, y, x), of ``phase.electric_field``.

    Returns
    -------
    Image
        (y, x): ε₀·div ∫E dz, the charge over an area, through all of the sample [e/Å**2]; of a mean field the mean
        density [e/Å**3]. By central differences, one-sided at the border.

    Raises
    ------
    UsageError
        The field is no electric one, the scan step is not known, or there are fewer than two rows or columns.
    """
    unit = str(field.attrs.get("units"))
    if unit not in DENSITIES:
        raise UsageError(
            f"a charge density needs an electric field in V or V/Å, and this field is in {unit}; put "
            "phase.electric_field before it"
        )
    if sampling(field)[1] != "Å":
        raise UsageError("a charge density needs the scan step in Å; give `scan_step` to io.open")
    density = VACUUM_PERMITTIVITY * divergence(field)
    density.attrs = {"units": DENSITIES[unit], "signed": True}
    return density.rename("charge density")
