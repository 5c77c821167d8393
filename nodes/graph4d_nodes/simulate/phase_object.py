"""A simulated scan of a thin phase object, with its exact phase: the input of demonstrations and tests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph4d import Angle, Image, Length, Range, Unit, UsageError, node
from graph4d_nodes.geometry import Geometry, detector_to_scan, wavelength
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.optics.probe import probe
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.simulate.sample import Gaussians, atoms, blobs
from graph4d_nodes.types import BeamEnergy, DetectorStep, Rotation, Sampling
from graph4d_nodes.values import image

__all__ = ["PhaseObject", "SimulatedFrames", "phase_object"]

#: Below this many bytes the patterns are kept once they are made, for most graphs pass over a scan more than once.
HELD_BYTES = 256 << 20
#: A Gaussian ends here, in standard deviations: what is left of it is below 10⁻⁵.
REACH = 5.0


class PhaseObject(NamedTuple):
    """What :func:`phase_object` returns."""

    scan: Scan4D
    phase: Image


@node("simulate.phase_object")
def phase_object(
    *,
    positions: tuple[Annotated[int, Range(1, 4096)], Annotated[int, Range(1, 4096)]] = (64, 64),
    detector: Annotated[int, Range(8, 1024)] = 64,
    energy: BeamEnergy = 300e3,
    semiangle: Angle = 20e-3,
    c10: Length = 0.0,
    c30: Length = 0.0,
    scan_step: Sampling = 0.25,
    detector_step: DetectorStep = 0.0625,
    rotation: Rotation = 0.0,
    transpose: bool = False,
    sample: Literal["atoms", "blobs"] = "atoms",
    spacing: Annotated[Length, Range(0.1)] = 4.0,
    height: Annotated[float, Unit("rad")] = 0.3,
    pore: Annotated[Length, Range(0.0)] = 0.0,
    dose: Annotated[float, Range(0.0, 1e9)] = 2e4,
    seed: Annotated[int, Range(0)] = 0,
) -> PhaseObject:
    """A 4D-STEM scan of a thin phase object in a single slice, with Poisson noise, and the phase that it shows.

    Parameters
    ----------
    positions : (int, int)
        Scan rows and columns.
    detector : int
        Width of the square detector, in pixels.
    energy : float
        Of the electrons [eV].
    semiangle : float
        Convergence semi-angle [rad].
    c10 : float
        C10 of the probe [Å], the negative of the usual defocus: positive is overfocus.
    c30 : float
        Spherical aberration of the probe [Å].
    scan_step : float
        Distance of scan positions [Å].
    detector_step : float
        Size of a detector pixel [1/Å].
    rotation : float
        Angle [rad] by which the scan's axes appear turned on the detector, clockwise on screen.
    transpose : bool
        Whether the detector's rows and columns are exchanged.
    sample : {"atoms", "blobs"}
        A square crystal of heavy and light columns, or random round particles.
    spacing : float
        Lattice constant, or mean distance of particles [Å].
    height : float
        Phase of a heavy column, or the largest of one particle [rad].
    pore : float
        Radius of a hole in the middle of the scan [Å].
    dose : float
        Mean number of electrons a pattern; 0 gives patterns without noise, each of sum 1.
    seed : int
        Of the noise and of random samples.

    Returns
    -------
    PhaseObject
        ``scan``: a lazy Scan4D of counts, made when they are read, always the same ones for the same position; and
        ``phase``: the exact phase [rad] at the scan positions.

    Raises
    ------
    UsageError
        The bright-field disc does not fit on the detector, or the probe not into the real-space window 1/detector_step.

    Notes
    -----
    Pattern = |F(probe · exp(iφ))|² with the forward transform exp(−2πik·r), so the centre of mass is +∇φ/2π, as seen by
    the probe.
    """
    _check_sampling(detector, detector_step, wavelength(energy), semiangle, c10, c30)
    geometry = Geometry(
        energy, semiangle, (scan_step, scan_step), (detector_step, detector_step), detector_to_scan(rotation, transpose)
    )
    y, x = (np.arange(count) * scan_step for count in positions)
    # The probe sees half a window beyond the scan; turned, the window's corner.
    margin = 0.75 / detector_step
    low, high = (-margin, -margin), (float(y[-1]) + margin, float(x[-1]) + margin)
    bumps = atoms(low, high, spacing, height) if sample == "atoms" else blobs(low, high, spacing, height, seed)
    if pore:
        bumps = bumps.without_disc(float(y[-1]) / 2, float(x[-1]) / 2, pore)
    wave = probe(detector, detector_step, wavelength(energy), semiangle, Aberrations(c10=c10, c30=c30))
    frames = SimulatedFrames(bumps, wave, positions, geometry, dose, seed)
    scan = Scan4D.from_frames(frames, positions, geometry=geometry, title=f"simulated {sample}")
    return PhaseObject(scan, image(bumps.on_grid(y, x), geometry, "rad", "phase"))


class SimulatedFrames:
    """Patterns that are computed when they are read; see :class:`graph4d_nodes.scan.Frames`.

    Parameters
    ----------
    sample : Gaussians
        The phase, in the axes of the scan.
    wave : ndarray
        The probe (n, n) with its middle at (0, 0), in the axes of the detector.
    positions : (int, int)
        Scan rows and columns.
    geometry : Geometry
        With both steps known.
    dose : float
        Electrons a pattern, or 0 for none of the noise.
    seed : int
        Of the noise: together with the position's number it determines the pattern.
    """

    alignment = 1

    def __init__(
        self,
        sample: Gaussians,
        wave: NDArray[np.complex128],
        positions: tuple[int, int],
        geometry: Geometry,
        dose: float,
        seed: int,
    ) -> None:
        assert geometry.scan_step is not None
        assert geometry.detector_step is not None
        self.sample, self.wave, self.dose, self.seed = sample, wave, dose, seed
        self.columns, self.step = positions[1], geometry.scan_step
        self.window = 1 / geometry.detector_step[0]
        # The transform is orthogonal: its transpose leads from the scan back to the detector.
        self.to_detector = np.array(geometry.transform).T
        self.shape = (positions[0] * positions[1], *wave.shape)
        counts = np.uint16 if dose < 2**15 else np.uint32
        self.dtype: np.dtype[Any] = np.dtype(counts if dose else np.float32)
        small = int(np.prod(self.shape)) * self.dtype.itemsize <= HELD_BYTES
        self._held = np.empty(self.shape, self.dtype) if small else None
        self._made = np.zeros(self.shape[0], dtype=bool)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Patterns ``start … stop``."""
        block = np.empty((stop - start, *self.wave.shape), self.dtype) if self._held is None else self._held[start:stop]
        # Two threads may make the same pattern at once: it is the same one.
        for index in range(start, stop):
            if not self._made[index]:
                block[index - start] = self._pattern(index)
                self._made[index] = self._held is not None
        return block

    def _pattern(self, index: int) -> NDArray[Any]:
        intensity = np.abs(np.fft.fft2(self.wave * np.exp(1j * self._phase(index)))) ** 2
        intensity = np.fft.fftshift(intensity)
        if not self.dose:
            return intensity
        random = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(index,)))
        return random.poisson(intensity * self.dose)

    def _phase(self, index: int) -> NDArray[np.float64]:
        """Phase under the probe at one position, on the probe's grid."""
        row, column = divmod(index, self.columns)
        away = np.stack([self.sample.x - column * self.step[1], self.sample.y - row * self.step[0]])
        x, y = self.to_detector @ away
        reach = self.window / 2 + REACH * self.sample.sigma
        near = (np.abs(x) < reach) & (np.abs(y) < reach)
        seen = Gaussians(y, x, self.sample.height, self.sample.sigma).only(near)
        grid = np.fft.fftfreq(self.wave.shape[0]) * self.window
        return seen.on_grid(grid, grid)


def _check_sampling(detector: int, step: float, wavelength: float, semiangle: float, c10: float, c30: float) -> None:
    disc, half = semiangle / wavelength, detector * step / 2
    if not 0 < disc < half - step:
        raise UsageError(
            f"the bright-field disc of {disc:.3g} 1/Å does not fit on a detector that reaches to {half:.3g} 1/Å; "
            "raise `detector` or `detector_step`, or lower `semiangle`"
        )
    # The geometrical blur and the diffraction limit: what is wider comes back in at the other side of the window.
    blur = abs(c10) * semiangle + abs(c30) * semiangle**3 + 0.61 / disc
    if blur > 0.5 / step:
        raise UsageError(
            f"a probe with a radius of {blur:.3g} Å does not fit into a window of 1/detector_step = {1 / step:.3g} Å; "
            "lower `detector_step`, or the aberrations"
        )
