"""What is simulated: a sample in a microscope, probes that stand in it, and whether they fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph4d import UsageError
from graph4d_nodes.geometry import Geometry, wavelength
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.multislice.coherence import Probe, probes
from graph4d_nodes.simulate.multislice.grid import Grid
from graph4d_nodes.simulate.multislice.potential import slice_count

__all__ = ["Beam", "Setup", "centred"]


@dataclass(frozen=True)
class Beam:
    """The electrons that are sent in.

    Parameters
    ----------
    energy : float
        [eV].
    semiangle : float
        Convergence semi-angle [rad].
    aberrations : Aberrations
        Of the lens, in the axes of the scan.
    source_size : float
        Standard deviation of the source's image on the sample [Å].
    focal_spread : float
        Standard deviation of the focus [Å].
    """

    energy: float
    semiangle: float
    aberrations: Aberrations
    source_size: float = 0.0
    focal_spread: float = 0.0

    @property
    def wavelength(self) -> float:
        """[Å]."""
        return wavelength(self.energy)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Probes whose intensities are added."""
        return probes(self.source_size, self.focal_spread, self.wavelength, self.semiangle)

    def radius(self, thickness: float) -> float:
        """How far from its position [Å] the probe reaches: by aberrations, diffraction, and through the thickness."""
        azimuths = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        k = self.semiangle / self.wavelength
        blur = np.hypot(*self.aberrations.shift(k * np.sin(azimuths), k * np.cos(azimuths), self.wavelength)).max()
        return float(blur) + 0.61 / k + (thickness + 2 * self.focal_spread) * self.semiangle


@dataclass(frozen=True)
class Setup:
    """What is simulated.

    Parameters
    ----------
    atoms : Atoms
        The sample, in the axes of the scan.
    beam : Beam
        The electrons.
    geometry : Geometry
        With both steps known, the detector's one for both of its axes.
    positions : (int, int)
        Scan rows and columns.
    offset : (float, float)
        y, x [Å] of the first scan position in the sample's box.
    detector : int
        Width of the square detector [px].
    sampling : float
        The largest pixel of the waves [Å], where the detector allows it.
    slice_thickness : float
        The largest of a slice [Å].
    configurations : int
        Of atoms displaced by heat; 0 for atoms at rest.
    rms : mapping
        From atomic numbers to the displacement along each axis [Å].
    seed : int
        Of the displacements.
    """

    atoms: Atoms
    beam: Beam
    geometry: Geometry
    positions: tuple[int, int]
    offset: tuple[float, float]
    detector: int
    sampling: float
    slice_thickness: float
    configurations: int
    rms: Mapping[int, float]
    seed: int

    @property
    def scan_step(self) -> tuple[float, float]:
        """Along y and x [Å]."""
        assert self.geometry.scan_step is not None
        return self.geometry.scan_step

    @property
    def window(self) -> float:
        """Width of the part of the sample about a probe in which its wave is computed [Å]."""
        assert self.geometry.detector_step is not None
        return 1 / self.geometry.detector_step[0]

    @cached_property
    def grid(self) -> int:
        """Points along the window: so many that the band limit of 2/3 lies beyond the detector."""
        from scipy.fft import next_fast_len

        return int(next_fast_len(math.ceil(max(1.5 * self.detector + 0.5, self.window / self.sampling))))

    @property
    def pixel(self) -> float:
        """Distance of the wave's points [Å]."""
        return self.window / self.grid

    @property
    def slices(self) -> int:
        """Number of slices."""
        return slice_count(self.atoms.box[2], self.slice_thickness)

    @property
    def runs(self) -> int:
        """Number of samples whose patterns are averaged."""
        return max(1, self.configurations)

    def places(self, first: int, last: int) -> NDArray[np.float64]:
        """Scan positions ``first … last``, counted row by row, in the sample: (n, 2) of x, y [Å]."""
        row, column = np.divmod(np.arange(first, last), self.positions[1])
        return np.column_stack([self.offset[1] + column * self.scan_step[1], self.offset[0] + row * self.scan_step[0]])

    @property
    def band_limit(self) -> float:
        """Largest frequency of the waves [1/Å]."""
        return Grid((self.grid, self.grid), (self.window, self.window)).band_limit

    def check(self) -> None:
        """Raise UsageError unless disc, probe and scan fit onto the detector, into the window and into the sample."""
        disc, half = self.beam.semiangle / self.beam.wavelength, self.detector / self.window / 2
        if not 0 < disc < half - 1 / self.window:
            raise UsageError(
                f"the bright-field disc of {disc:.3g} 1/Å does not fit on a detector that reaches to {half:.3g} 1/Å; "
                "raise `detector` or `detector_step`, or lower `semiangle`"
            )
        radius = self.beam.radius(self.atoms.box[2])
        if radius > self.window / 2:
            raise UsageError(
                f"a probe with a radius of {radius:.3g} Å does not fit into a window of 1/detector_step = "
                f"{self.window:.3g} Å; lower `detector_step` (with more pixels on the `detector`), or the aberrations"
            )
        count = math.prod(self.positions)
        low, high = self.places(0, 1)[0], self.places(count - 1, count)[0]
        width, height = self.atoms.box[:2]
        if not self.atoms.periodic and ((low < radius) | (high > np.array([width, height]) - radius)).any():
            needed = (high - low + 2 * radius)[::-1]
            raise UsageError(
                f"the scan with its probe, from {(low - radius)[::-1].round(1).tolist()} to "
                f"{(high + radius)[::-1].round(1).tolist()} Å (y, x), reaches out of the structure of {height:.4g} × "
                f"{width:.4g} Å, which ends there; give it a `size` of {needed[0]:.4g} × {needed[1]:.4g} Å or more, or "
                "scan less"
            )


def centred(atoms: Atoms, positions: tuple[int, int], step: tuple[float, float]) -> tuple[float, float]:
    """y, x [Å] of the first position of a scan that lies in the middle of a structure's box."""
    (rows, columns), (width, height) = positions, atoms.box[:2]
    return (height - (rows - 1) * step[0]) / 2, (width - (columns - 1) * step[1]) / 2
