"""Single-sideband ptychography beside ptychography40 and a dense reference: speed, memory and how far they differ."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from graph4d_nodes.geometry import wavelength
from graph4d_nodes.image.bright_field import bright_field, disc_of
from graph4d_nodes.io.open import open_scan
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.phase.ssb import sidebands, ssb
from graph4d_nodes.values import vector_field
from numpy.typing import NDArray
from xarray import DataArray

from benchmarks.peers import Peer, peer
from benchmarks.resident import Peak, watched
from benchmarks.row import Options, Row, Target
from benchmarks.scan import DATA, read_once
from benchmarks.timing import medians, seconds

__all__ = ["rows"]

FULL = (128, 128, 174, 174)
SMALL = (32, 32, 174, 174)
ENERGY, SEMIANGLE, STEP = 300e3, 25e-3, 0.5654 / 50 * 10
#: Of the disc on the detector [px].
RADIUS, CENTRE = 78.6649, (92.0, 93.0)
SETTINGS = {"energy": ENERGY, "semiangle": SEMIANGLE, "step": STEP, "radius": RADIUS, "centre": CENTRE}
#: In which the peer computes: in its only process, or with a thread for each core.
WAYS = ("inline", "threads")
DISTINCT = 256
#: Counts of a pixel in the disc.
MEAN = 5.0


def rows(options: Options) -> list[Row]:
    """From a file in the file cache to the phase, by ``image.bright_field`` and ``phase.ssb``."""
    path = _scan(SMALL if options.quick else FULL)
    read_once(path)
    count = int(np.prod(np.load(path, mmap_mode="r").shape[:2]))
    what = f"SSB, {path.stem}, {count} patterns"
    ours = medians({"ours": seconds(partial(phase_of, path))}, 2 if options.quick else 7)["ours"]
    measured = [
        Row(what, ours * 1e3, "ms"),
        Row("  largest difference from a dense reference", _error(path), "of its largest", target=Target(1e-4)),
    ]
    if not options.peers:
        return measured
    peak = _own_peak(path)
    for way in WAYS:
        with TemporaryDirectory() as folder:
            given = Path(folder) / "given.npz"
            np.savez(given, scan=str(path), way=way, **SETTINGS)
            with peer("ptychography40", "ssb", given) as other:
                measured += _beside(other, way, what, ours, count, peak, path)
    return measured


def _beside(other: Peer, way: str, what: str, ours: float, count: int, peak: Peak, path: Path) -> list[Row]:
    """The peer makes its masks anew each time, as for a scan that it has not seen."""
    with watched(other.process.pid) as theirs:
        took = other.seconds(way)
    title = f"{other.version}, {way}"
    return [
        Row(what, ours * 1e3, "ms", took * 1e3, title, Target(20, "less")),
        Row("  in patterns a second", count / ours, "1/s", count / took, title),
        Row("  peak of memory", peak.anonymous, "GB", theirs.anonymous, title, Target(4, "less")),
        Row("  with mapped pages of the file", peak.resident, "GB", theirs.resident, title),
        Row("  difference, for the peer's masks have soft edges", _distance(other.results[way], path), "of 1, rms"),
    ]


def phase_of(path: Path) -> DataArray:
    """What is measured."""
    return ssb(pixels_of(path))


def pixels_of(path: Path) -> DataArray:
    """The bright-field pixels of the scan in a file."""
    px = SEMIANGLE / wavelength(ENERGY) / RADIUS
    scan = open_scan(path=path, energy=ENERGY, semiangle=SEMIANGLE, scan_step=STEP, detector_step=px)
    centre = np.broadcast_to(np.array(CENTRE)[:, None, None], (2, *scan.positions))
    return bright_field(scan, vector_field(centre, scan.geometry, "px"))


def dense(values: NDArray[Any], ky: NDArray[np.float64], kx: NDArray[np.float64], radius: float) -> NDArray[Any]:
    """Transform of the transmission in double precision, with a mask over all pixels for each frequency of the scan."""
    shape = values.shape[:2]
    qy, qx = (axis.ravel() for axis in np.meshgrid(*(np.fft.fftfreq(n, STEP) for n in shape), indexing="ij"))
    wanted = np.flatnonzero((np.hypot(qy, qx) < 2 * radius) & (np.hypot(qy, qx) > 0))
    sums, counts, light = np.zeros(qy.size, complex), np.zeros((2, qy.size)), 0.0
    for start in range(0, ky.size, 512):
        part = slice(start, start + 512)
        spectra = np.fft.fft2(values[..., part].astype(float), axes=(0, 1)).reshape(qy.size, -1)
        light += spectra[0].real.sum() / ky.size
        for i in wanted:
            one, other = ((ky[part] - s * qy[i]) ** 2 + (kx[part] - s * qx[i]) ** 2 <= radius**2 for s in (1, -1))
            sums[i] += spectra[i, one & ~other].sum()
            counts[:, i] += np.count_nonzero(one & ~other), np.count_nonzero(other & ~one)
    return np.divide(sums, counts[0] * light, out=sums, where=counts.all(axis=0)).reshape(shape)


def _error(path: Path) -> float:
    """Largest difference of the phase from that of the dense reference, over the largest phase."""
    pixels = pixels_of(path)
    disc = disc_of(pixels)
    transform = dense(pixels.values, disc.ky, disc.kx, disc.radius)
    expected = np.angle(1 + np.fft.ifft2(transform, norm="forward"))
    expected -= expected.mean()
    return float(np.abs(ssb(pixels).values - expected).max() / np.abs(expected).max())


def _distance(theirs: NDArray[Any], path: Path) -> float:
    """Of a peer's transform from ours, where it has one; each frequency counts as much as the pixels that show it."""
    pixels = pixels_of(path)
    found = sidebands(pixels.values, disc_of(pixels), Aberrations())
    # The peer keeps the part that a real phase makes.
    mirrored = np.roll(found.transform[::-1, ::-1], 1, axis=(0, 1)).conj()
    ours, theirs = (found.transform - mirrored) / 2, theirs / theirs[0, 0].real
    weights = np.sqrt(found.fraction) * (theirs != 0)
    return float(np.linalg.norm(weights * (ours - theirs)) / np.linalg.norm(weights * ours))


def _own_peak(path: Path) -> Peak:
    """Of a process of its own that does nothing else."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.ssb", str(path)])
    with watched(process.pid) as peak:
        process.wait()
    return peak


def _scan(shape: tuple[int, int, int, int]) -> Path:
    """A ``.npy`` file of float32: a few hundred noisy discs in random order, so that no frequency is like another."""
    path = DATA / f"even-discs-{'x'.join(map(str, shape))}.npy"
    if path.is_file():
        return path
    rng = np.random.default_rng(0)
    row, column = np.indices(shape[2:])
    disc = np.hypot(row - CENTRE[0], column - CENTRE[1]) <= RADIUS
    patterns = rng.poisson(MEAN * disc + 0.02, (DISTINCT, *shape[2:])).astype(np.float32)
    DATA.mkdir(exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for order in rng.integers(DISTINCT, size=shape[:2]):
            patterns[order].tofile(file)
    draft.rename(path)
    return path


if __name__ == "__main__":
    phase_of(Path(sys.argv[1]))
