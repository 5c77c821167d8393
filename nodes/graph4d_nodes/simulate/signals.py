"""``simulate.detectors``: images of annular detectors, as a microscope without a camera takes them."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graph4d import Angle, Group, Length, Range, Stack, UsageError, node
from graph4d.run.cancel import report_progress
from graph4d_nodes.geometry import Geometry, wavelength
from graph4d_nodes.optics.aberrations import Aberrations as Coefficients
from graph4d_nodes.optics.probe import aperture
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.setup import Beam, Setup, centred
from graph4d_nodes.simulate.simulation import Simulation
from graph4d_nodes.simulate.thermal import displacements
from graph4d_nodes.types import Aberrations, BeamEnergy, DetectorStep, Sampling, Structure
from graph4d_nodes.values import scan_coords

__all__ = ["annular_signals"]

#: What is given to the threads between two looks at whether the run was cancelled.
AT_ONCE = 64
Ring = tuple[Annotated[Angle, Range(0)], Annotated[Angle, Range(0)]]


@node("simulate.detectors")
def annular_signals(
    structure: Structure,
    aberrations: Aberrations | None = None,
    *,
    rings: tuple[Ring, ...] = ((0.0, 20e-3), (25e-3, 60e-3), (60e-3, 100e-3)),
    positions: Annotated[tuple[Annotated[int, Range(1, 4096)], Annotated[int, Range(1, 4096)]], Group("scan")] = (
        24,
        24,
    ),
    scan_step: Annotated[Sampling, Group("scan")] = 0.25,
    scan_step_x: Annotated[Sampling | None, Group("scan")] = None,
    offset: Annotated[tuple[Length, Length] | None, Group("scan")] = None,
    energy: Annotated[BeamEnergy, Group("beam")] = 300e3,
    semiangle: Annotated[Angle, Range(0), Group("beam")] = 20e-3,
    source_size: Annotated[Length, Range(0, 20), Group("beam")] = 0.0,
    focal_spread: Annotated[Length, Range(0, 1000), Group("beam")] = 0.0,
    dose: Annotated[float, Range(0.0, 1e9), Group("beam")] = 0.0,
    detector_step: Annotated[DetectorStep, Group("multislice")] = 0.1,
    slice_thickness: Annotated[Length, Range(0.1, 100), Group("multislice")] = 2.0,
    sampling: Annotated[Sampling, Group("multislice")] = 0.15,
    phonons: Annotated[int, Range(0, 1000), Group("multislice")] = 0,
    displacement: Annotated[Length, Range(0, 1), Group("multislice")] = 0.08,
    displacement_of: Annotated[tuple[str, ...], Group("multislice")] = (),
    seed: Annotated[int, Range(0)] = 0,
) -> Stack:
    """Bright-field, annular dark-field and HAADF images of a structure, by multislice, without keeping patterns.

    Parameters
    ----------
    structure : Structure
        Atoms, in the axes of the scan.
    aberrations : Aberrations, optional
        Of the probe-forming lens; without them it is perfect.
    rings : tuple of (float, float)
        Inner and outer angle of each detector [rad].
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
        Standard deviation of the source's image on the sample [Å].
    focal_spread : float
        Standard deviation of the focus [Å].
    dose : float
        Electrons of the beam a position, with Poisson noise; 0 for none, and signals in parts of the beam.
    detector_step : float
        How finely patterns are computed [1/Å]: each wave in a window of 1/detector_step.
    slice_thickness : float
        Largest thickness of a slice [Å].
    sampling : float
        Largest pixel of the waves [Å]; it is smaller if a ring reaches beyond the band limit, 1/(3 · sampling).
    phonons : int
        Number of frozen-phonon configurations; 0 for atoms at rest, which scatter too little to large angles.
    displacement : float
        Root-mean-square displacement of all atoms by heat, along each axis [Å].
    displacement_of : tuple of str
        What differs for some elements, such as [Sr 0.088 Å, O 0.1 Å].
    seed : int
        Of the noise and of the displacements.

    Returns
    -------
    Stack
        (ring, y, x) in parts of the beam, "1", or with a dose in counts; ``inner`` and ``outer`` are coordinates.

    Raises
    ------
    UsageError
        A ring has no width, the probe does not fit into its window, or the scan not into a structure that is not
        periodic.
    """
    if not rings:
        raise UsageError("there are no rings; write for example rings: [[60 mrad, 100 mrad]]")
    for inner, outer in rings:
        if outer <= inner:
            raise UsageError(
                f"a ring from {1e3 * inner:g} to {1e3 * outer:g} mrad has no width; the outer angle comes second"
            )
    steps = (scan_step, scan_step_x or scan_step)
    geometry = Geometry(energy, semiangle, steps, (detector_step, detector_step))
    atoms = Atoms.from_value(structure)
    largest = max(semiangle, *(outer for _, outer in rings)) / wavelength(energy) / detector_step
    setup = Setup(
        atoms,
        Beam(energy, semiangle, Coefficients.from_value(aberrations), source_size, focal_spread),
        geometry,
        positions,
        offset or centred(atoms, positions, steps),
        2 * math.ceil(largest + 1.5),
        sampling,
        slice_thickness,
        phonons,
        displacements(atoms.numbers, displacement, displacement_of),
        seed,
    )
    setup.check()
    images = _signals(Simulation(setup), _masks(setup, rings)).reshape(len(rings), *positions)
    if dose:
        images = np.random.default_rng(seed).poisson(images * dose).astype(np.float64)
    return _as_stack(images, geometry, rings, "counts" if dose else "1")


def _masks(setup: Setup, rings: tuple[Ring, ...]) -> NDArray[np.float32]:
    """How much of each detector pixel belongs to each ring: (rings, ky, kx)."""
    step = 1 / setup.window
    along = (np.arange(setup.detector) - setup.detector // 2) * step
    k = np.hypot(along[:, None], along)
    # Below the smallest angle there is nothing to leave out: k = 0 has no edge.
    within = [
        [aperture(k, angle / setup.beam.wavelength, step) if angle else np.zeros(k.shape) for angle in ring]
        for ring in rings
    ]
    return np.array([outer - inner for inner, outer in within], np.float32)


def _signals(simulation: Simulation, masks: NDArray[np.float32]) -> NDArray[np.float64]:
    """(rings, positions): the part of the beam on each of them."""
    count = math.prod(simulation.setup.positions)
    flat = masks.reshape(len(masks), -1)
    result = np.empty((len(masks), count))

    def compute(start: int) -> None:
        patterns = simulation.intensities(start, min(start + simulation.together, count))
        result[:, start : start + len(patterns)] = flat @ patterns.reshape(len(patterns), -1).T

    starts = range(0, count, simulation.together)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Not all at once: what a pool has been given it finishes, even if the run is cancelled.
        for done in range(0, len(starts), AT_ONCE):
            list(pool.map(compute, starts[done : done + AT_ONCE]))
            report_progress(done / len(starts))
    return result


def _as_stack(images: NDArray[np.float64], geometry: Geometry, rings: tuple[Ring, ...], units: str) -> Stack:
    import xarray as xr

    inner, outer = np.array(rings).T
    coords = {
        "inner": ("ring", inner, {"units": "rad"}),
        "outer": ("ring", outer, {"units": "rad"}),
        **scan_coords(geometry, *images.shape[1:]),
    }
    return xr.DataArray(images, dims=("ring", "y", "x"), coords=coords, attrs={"units": units}, name="signal")
