"""``simulate.scan4d``: a 4D-STEM scan of any structure by multislice, and the truth that it shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np

from graph4d import Angle, Group, Image, Length, Log, Metrics, Range, node
from graph4d_nodes.geometry import Geometry, detector_to_scan
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.optics.interaction import interaction
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.camera import Camera
from graph4d_nodes.simulate.kept import KeptFrames
from graph4d_nodes.simulate.multislice.grid import Grid
from graph4d_nodes.simulate.multislice.waves import lens
from graph4d_nodes.simulate.setup import Beam, Setup, centred
from graph4d_nodes.simulate.simulation import Simulation
from graph4d_nodes.simulate.thermal import displacements
from graph4d_nodes.simulate.truth import projected_potential
from graph4d_nodes.types import Aberrations, BeamEnergy, DetectorStep, Rotation, Sampling, Structure
from graph4d_nodes.values import image, metrics

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["SimulatedScan", "scan4d"]

Positions = tuple[Annotated[int, Range(1, 4096)], Annotated[int, Range(1, 4096)]]


class SimulatedScan(NamedTuple):
    """What :func:`scan4d` returns."""

    scan: Scan4D
    phase: Image
    potential: Image
    probe: Image
    parameters: Metrics


@node("simulate.scan4d")
def scan4d(
    structure: Structure,
    aberrations: Aberrations | None = None,
    *,
    positions: Annotated[Positions, Group("scan")] = (32, 32),
    scan_step: Annotated[Sampling, Group("scan")] = 0.25,
    scan_step_x: Annotated[Sampling | None, Group("scan")] = None,
    offset: Annotated[tuple[Length, Length] | None, Group("scan")] = None,
    energy: Annotated[BeamEnergy, Group("beam")] = 300e3,
    semiangle: Annotated[Angle, Range(0), Group("beam")] = 20e-3,
    source_size: Annotated[Length, Range(0, 20), Group("beam")] = 0.0,
    focal_spread: Annotated[Length, Range(0, 1000), Group("beam")] = 0.0,
    detector: Annotated[int, Range(8, 1024), Group("detector")] = 64,
    detector_step: Annotated[DetectorStep, Group("detector")] = 0.0625,
    rotation: Annotated[Rotation, Group("detector")] = 0.0,
    transpose: Annotated[bool, Group("detector")] = False,
    point_spread: Annotated[float, Range(0, 20), Group("detector")] = 0.0,
    descan: Annotated[tuple[float, float, float, float], Group("detector")] = (0.0, 0.0, 0.0, 0.0),
    dose: Annotated[float, Range(0.0, 1e9), Log, Group("detector")] = 2e4,
    slice_thickness: Annotated[Length, Range(0.1, 100), Group("multislice")] = 2.0,
    sampling: Annotated[Sampling, Group("multislice")] = 0.15,
    phonons: Annotated[int, Range(0, 1000), Group("multislice")] = 0,
    displacement: Annotated[Length, Range(0, 1), Group("multislice")] = 0.08,
    displacement_of: Annotated[tuple[str, ...], Group("multislice")] = (),
    seed: Annotated[int, Range(0)] = 0,
) -> SimulatedScan:
    """A 4D-STEM scan of a structure, by multislice, with the phase and the potential that it shows.

    Patterns are computed when they are first read, and kept: up to 256 MB in memory, more in a temporary file.

    Parameters
    ----------
    structure : Structure
        Atoms, in the axes of the scan.
    aberrations : Aberrations, optional
        Of the probe-forming lens, focused on the plane where the beam enters; without them it is perfect.
    positions : (int, int)
        Scan rows and columns.
    scan_step : float
        Distance of scan positions along y and x [Å].
    scan_step_x : float, optional
        Distance along x [Å] where it differs from that along y.
    offset : (float, float), optional
        y and x [Å] of the first position in the structure's box; by default the scan lies in the middle of it.
    energy : float
        Of the electrons [eV].
    semiangle : float
        Convergence semi-angle [rad].
    source_size : float
        Standard deviation of the source's image on the sample [Å]; 0 for a point. Takes the more time the larger it is.
    focal_spread : float
        Standard deviation of the focus [Å], because the energy of the electrons is not sharp.
    detector : int
        Width of the square detector [px]. The pixel of k = 0 is [detector // 2, detector // 2].
    detector_step : float
        Size of a detector pixel [1/Å]; each wave is computed in a window of 1/detector_step.
    rotation : float
        Angle [rad] by which the scan's axes appear turned on the detector, clockwise on screen.
    transpose : bool
        Whether the detector's rows and columns are exchanged.
    point_spread : float
        Standard deviation of the Gaussian over which the detector spreads an electron [px].
    descan : (float, float, float, float)
        How far patterns move along ky and kx from one scan row to the next, and along ky and kx from one column to the
        next [px]. In the middle of the scan the beam is where it should be.
    dose : float
        Electrons of the beam a pattern, with Poisson noise; some fall beside the detector. 0 gives patterns without
        noise, as fractions of the beam.
    slice_thickness : float
        Largest thickness of a slice [Å].
    sampling : float
        Largest pixel of the waves [Å]; it is smaller if the detector reaches beyond the band limit, 1/(3 · sampling).
    phonons : int
        Number of frozen-phonon configurations over which intensities are averaged; 0 for atoms at rest.
    displacement : float
        Root-mean-square displacement of all atoms by heat, along each axis [Å].
    displacement_of : tuple of str
        What differs for some elements, such as [Sr 0.088 Å, O 0.1 Å].
    seed : int
        Of the noise and of the displacements.

    Returns
    -------
    SimulatedScan
        ``scan``: the lazy Scan4D, a pattern always the same one however it is read. ``phase``: that of the
        transmission [rad] at the scan positions, σ times ``potential`` [V Å], which is that of atoms at rest, projected
        through the whole structure, within the band limit of the patterns. The limit is sharp: with the grid that the
        size of the scan asks for, 0.5 … 1.5 % of both (L2) come and go. ``probe``: intensity of the probe of a point
        source [1/Å²], along the axes of the scan. ``parameters``: what else there is to know of the simulation.

    Raises
    ------
    UsageError
        The bright-field disc does not fit on the detector, the probe not into its window, or the scan not into a
        structure that is not periodic; or an element is unknown.

    Notes
    -----
    Source: Cowley & Moodie, Acta Cryst. 10 (1957) 609; potentials of Lobato & Van Dyck, Acta Cryst. A70 (2014) 636;
    Loane, Xu & Silcox, Acta Cryst. A47 (1991) 267 on frozen phonons.
    """
    steps = (scan_step, scan_step_x or scan_step)
    geometry = Geometry(energy, semiangle, steps, (detector_step, detector_step), detector_to_scan(rotation, transpose))
    atoms = Atoms.from_value(structure)
    beam = Beam(energy, semiangle, Coefficients.from_value(aberrations), source_size, focal_spread)
    setup = Setup(
        atoms,
        beam,
        geometry,
        positions,
        offset or centred(atoms, positions, steps),
        detector,
        sampling,
        slice_thickness,
        phonons,
        displacements(atoms.numbers, displacement, displacement_of),
        seed,
    )
    setup.check()
    simulation = Simulation(setup)
    camera = Camera(positions, dose, point_spread, descan, seed)
    frames = KeptFrames(
        lambda first, last: camera.recorded(simulation.intensities(first, last), first),
        (math.prod(positions), detector, detector),
        camera.dtype,
        together=simulation.together,
    )
    title = f"simulated {structure.attrs.get('title', 'structure')}"
    potential = projected_potential(setup)
    return SimulatedScan(
        Scan4D.from_frames(frames, positions, geometry=geometry, title=title),
        image(interaction(energy) * potential, geometry, "rad", "phase"),
        image(potential, geometry, "V Å", "projected potential"),
        _probe(setup),
        metrics(_facts(setup, dose)),
    )


def _probe(setup: Setup) -> DataArray:
    """Intensity of the probe of a point source in its window, along the axes of the scan."""
    grid = Grid((setup.grid, setup.grid), (setup.window, setup.window))
    wave = np.fft.ifft2(lens(grid, setup.beam.wavelength, setup.beam.semiangle, setup.beam.aberrations), norm="ortho")
    geometry = Geometry(scan_step=grid.pixel)
    return image(np.abs(np.fft.fftshift(wave)) ** 2 / setup.pixel**2, geometry, "1/Å²", "probe")


def _facts(setup: Setup, dose: float) -> dict[str, tuple[float, str]]:
    """What there is to know of a simulation beside what was given."""
    wavelength, step = setup.beam.wavelength, setup.scan_step
    return {
        "wavelength": (wavelength, "Å"),
        "interaction": (interaction(setup.beam.energy), "rad/(V Å)"),
        "atoms": (len(setup.atoms.numbers), "1"),
        "thickness": (setup.atoms.box[2], "Å"),
        "slices": (setup.slices, "1"),
        "window": (setup.window, "Å"),
        "pixel": (setup.pixel, "Å"),
        "largest_angle": (1e3 * setup.band_limit * wavelength, "mrad"),
        "probe_radius": (setup.beam.radius(0.0), "Å"),
        "probes_per_pattern": (len(setup.beam.probes) * setup.runs, "1"),
        "dose": (dose / (step[0] * step[1]), "1/Å²"),
    }
