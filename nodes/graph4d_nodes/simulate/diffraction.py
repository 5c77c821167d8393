"""``simulate.pattern``: a single diffraction pattern, of a parallel or a convergent beam."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from graph4d import Angle, Group, Length, Pattern, Range, UsageError, node
from graph4d_nodes.geometry import Geometry, wavelength
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.multislice.multislice import Multislice
from graph4d_nodes.simulate.multislice.phonons import displaced
from graph4d_nodes.simulate.multislice.potential import projected_slices
from graph4d_nodes.simulate.setup import Beam
from graph4d_nodes.simulate.thermal import displacements
from graph4d_nodes.types import Aberrations, BeamEnergy, Structure
from graph4d_nodes.values import pattern

__all__ = ["diffraction_pattern"]


@node("simulate.pattern")
def diffraction_pattern(
    structure: Structure,
    aberrations: Aberrations | None = None,
    *,
    position: tuple[Length, Length] | None = None,
    energy: Annotated[BeamEnergy, Group("beam")] = 300e3,
    semiangle: Annotated[Angle, Range(0), Group("beam")] = 0.0,
    source_size: Annotated[Length, Range(0, 20), Group("beam")] = 0.0,
    focal_spread: Annotated[Length, Range(0, 1000), Group("beam")] = 0.0,
    dose: Annotated[float, Range(0.0, 1e12), Group("beam")] = 0.0,
    largest_angle: Annotated[Angle, Range(1e-3, 0.5), Group("multislice")] = 40e-3,
    slice_thickness: Annotated[Length, Range(0.1, 100), Group("multislice")] = 2.0,
    phonons: Annotated[int, Range(0, 1000), Group("multislice")] = 0,
    displacement: Annotated[Length, Range(0, 1), Group("multislice")] = 0.08,
    displacement_of: Annotated[tuple[str, ...], Group("multislice")] = (),
    seed: Annotated[int, Range(0)] = 0,
) -> Pattern:
    """A diffraction pattern of a structure by multislice, which repeats itself with its box.

    Parameters
    ----------
    structure : Structure
        Atoms. Of one that is not periodic, the edges of the box are seen too.
    aberrations : Aberrations, optional
        Of the probe-forming lens; without them it is perfect.
    position : (float, float), optional
        y and x [Å] of the probe in the box; by default its middle.
    energy : float
        Of the electrons [eV].
    semiangle : float
        Convergence semi-angle [rad]; 0 for a parallel beam.
    source_size : float
        Standard deviation of the source's image on the sample [Å].
    focal_spread : float
        Standard deviation of the focus [Å].
    dose : float
        Electrons of the beam, with Poisson noise; 0 for none, and intensities in parts of the beam.
    largest_angle : float
        To which the pattern reaches [rad].
    slice_thickness : float
        Largest thickness of a slice [Å].
    phonons : int
        Number of frozen-phonon configurations; 0 for atoms at rest.
    displacement : float
        Root-mean-square displacement of all atoms by heat, along each axis [Å].
    displacement_of : tuple of str
        What differs for some elements, such as [Sr 0.088 Å, O 0.1 Å].
    seed : int
        Of the noise and of the displacements.

    Returns
    -------
    Pattern
        (ky, kx) along the axes of the scan, its pixels 1/box, in parts of the beam, "1", or with a dose in counts.

    Raises
    ------
    UsageError
        The convergent beam does not fit on the pattern, or the probe not into the box.
    """
    atoms = Atoms.from_value(structure)
    beam = Beam(energy, semiangle, Coefficients.from_value(aberrations), source_size, focal_spread)
    _check(beam, atoms, largest_angle)
    size = atoms.box[1], atoms.box[0]
    reach = [math.ceil(largest_angle / wavelength(energy) * length) for length in size]
    height, width = (_points(pixels) for pixels in reach)
    rms = displacements(atoms.numbers, displacement, displacement_of)
    place = np.array([position or (size[0] / 2, size[1] / 2)])
    runs = max(1, phonons)
    total = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1))
    for configuration in range(runs):
        positions = atoms.positions
        if phonons:
            each = np.array([rms[int(number)] for number in atoms.numbers])
            positions = displaced(positions, each, seed, configuration)
        slices = projected_slices(atoms.numbers, positions, atoms.box, (height, width), slice_thickness)
        sample = Multislice(
            slices, atoms.box, energy, semiangle, beam.aberrations, probes=beam.probes, detector=total.shape
        )
        total += sample.patterns(place)[0] / runs
    if dose:
        total = np.random.default_rng(seed).poisson(total * dose).astype(np.float64)
    geometry = Geometry(energy, semiangle, detector_step=(1 / size[0], 1 / size[1]))
    return pattern(total, geometry, "counts" if dose else "1", "pattern", (float(reach[0]), float(reach[1])))


def _points(reach: int) -> int:
    """Of a grid whose band limit of 2/3 lies beyond so many frequencies."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(3 * reach + 3))


def _check(beam: Beam, atoms: Atoms, largest_angle: float) -> None:
    if beam.semiangle >= largest_angle:
        raise UsageError(
            f"a beam with a semi-angle of {1e3 * beam.semiangle:.3g} mrad does not fit on a pattern that reaches to "
            f"{1e3 * largest_angle:.3g} mrad; raise `largest_angle`"
        )
    if beam.semiangle == 0:
        return
    radius, narrow = beam.radius(atoms.box[2]), min(atoms.box[:2])
    if radius > narrow / 2:
        raise UsageError(
            f"a probe with a radius of {radius:.3g} Å does not fit into a box of {narrow:.4g} Å; raise the structure's "
            "`size`, or `semiangle`, or lower the aberrations"
        )
