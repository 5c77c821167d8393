"""Contrast transfer and noise: what is predicted of a weak phase object is what is measured on one."""

import numpy as np
import pytest
import xarray as xr
from graph4d_nodes.geometry import Geometry, wavelength
from graph4d_nodes.image.bright_field import bright_field
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.metrics import weak_phase
from graph4d_nodes.metrics.prediction import predicted_transfer
from graph4d_nodes.metrics.transfer import dose_efficiency, noise_transfer, transfer
from graph4d_nodes.optics.aberrations import Aberrations
from graph4d_nodes.phase.icom import integrate
from graph4d_nodes.phase.ricom import kernel_vectors, ricom
from graph4d_nodes.phase.ssb import ssb
from graph4d_nodes.values import image

from graph4d import UsageError

LENS = {"energy": 300e3, "semiangle": 12e-3}
RADIUS = LENS["semiangle"] / wavelength(LENS["energy"])


def picture(values: np.ndarray, units: str = "rad") -> xr.DataArray:
    return image(values, Geometry(scan_step=(0.5, 0.3)), units)


def agree(weak, shown: np.ndarray, method: weak_phase.Method, c10: float = 0.0, among: float = 2.0) -> None:
    """Mode by mode, up to ``among`` aperture radii: to 2 % of the largest transfer, of which a tenth may be missing."""
    lens = weak_phase.Lens(wavelength(LENS["energy"]), LENS["semiangle"], Aberrations(c10=c10))
    fy, fx = (np.fft.fftfreq(n, s) for n, s in zip(shown.shape, weak.geometry.scan_step, strict=True))
    size = np.hypot(fy[:, None], fx)
    modes = np.argwhere((size > 0) & (size < among * RADIUS) & (fx > 0))
    modes = modes[np.random.default_rng(0).choice(len(modes), 150, replace=False)]
    measured = np.array([np.fft.fft2(shown)[i, j] / np.fft.fft2(weak.phase)[i, j] for i, j in modes])
    predicted = np.array([method(lens, fy[i], fx[j])[0] for i, j in modes])
    assert np.abs(predicted).max() > 0.5
    off = np.abs(measured - predicted) / np.abs(predicted).max()
    assert np.sqrt(np.mean(off**2)) < 0.02, np.sort(off)[-10:]


def tiled(com: xr.DataArray) -> xr.DataArray:
    """The field of a periodic object, with a period more at every side."""
    (rows, columns), step = com.shape[1:], [float(com[d][1] - com[d][0]) for d in ("y", "x")]
    values = np.tile(com.values, (1, 3, 3))
    coords = {"component": com.component, "y": np.arange(3 * rows) * step[0], "x": np.arange(3 * columns) * step[1]}
    result = xr.DataArray(values, dims=com.dims, coords=coords, attrs=com.attrs)
    for dim in ("y", "x"):
        result[dim].attrs["units"] = "Å"
    return result


def test_the_transfer_of_an_integrated_centre_of_mass_is_that_of_the_probe(focused) -> None:
    shown = integrate(center_of_mass(focused.scan()), border="periodic")
    agree(focused, shown.values, weak_phase.icom)
    measured = transfer(shown, focused.truth, edge=0)
    predicted = predicted_transfer(like=measured.curve, method="icom", **LENS).transfer
    np.testing.assert_allclose(measured.curve, predicted, atol=0.01)
    # In closed form: the overlap of two discs.
    x = np.minimum(predicted.frequency.values / (2 * RADIUS), 1)
    np.testing.assert_allclose(predicted, 2 / np.pi * (np.arccos(x) - x * np.sqrt(1 - x**2)), atol=0.003)


@pytest.mark.parametrize("kernel", [9, 31])
def test_the_transfer_of_ricom_is_cut_by_its_window(square, kernel: int) -> None:
    shown = ricom(tiled(center_of_mass(square.scan())), kernel=kernel).values
    rows, columns = square.phase.shape
    step = square.geometry.scan_step
    method = weak_phase.ricom(kernel_vectors(kernel, step), step[0])
    agree(square, shown[rows : 2 * rows, columns : 2 * columns], method)
    predicted = predicted_transfer(method="ricom", kernel=kernel, scan_step=step[0], **LENS).transfer
    assert predicted[0] < 0.6 * predicted.max()  # a high-pass
    assert predicted.frequency[-1] < 0.5 / step[0]


def sidebands(weak, direct) -> np.ndarray:
    """Transform over the scan of the pixels in the disc, (qy, qx, pixel), and what ``direct`` makes of it."""
    spectra = np.fft.fft2(weak.patterns[:, :, weak.disc], axes=(0, 1)) * weak.disc.sum()
    fy, fx = (np.fft.fftfreq(n, s) for n, s in zip(weak.phase.shape, weak.geometry.scan_step, strict=True))
    result = np.zeros(weak.phase.shape, complex)
    for i, qy in enumerate(fy):
        for j, qx in enumerate(fx):
            if i or j:
                result[i, j] = direct(spectra[i, j], weak.ky[weak.disc], weak.kx[weak.disc], qy, qx)
    return np.fft.ifft2(result).real


def test_single_sideband_transfers_all_frequencies_alike_and_its_noise_is_that_of_the_overlap(focused) -> None:
    counts = []

    def mean(spectrum: np.ndarray, ky: np.ndarray, kx: np.ndarray, qy: float, qx: float) -> complex:
        minus, plus = (np.hypot(ky + s * qy, kx + s * qx) <= RADIUS for s in (-1, 1))
        sign = 1j * minus - 1j * plus
        counts.append((np.hypot(qy, qx), np.count_nonzero(sign)))
        return np.sum(spectrum * sign.conj()) / max(1, np.count_nonzero(sign))

    shown = focused.picture(sidebands(focused, mean))
    agree(focused, shown.values, weak_phase.ssb(), among=1.8)
    measured = transfer(shown, focused.truth, edge=0)
    predicted = predicted_transfer(like=measured.curve, method="ssb", **LENS)
    inside = measured.curve.frequency.values < 1.8 * RADIUS
    np.testing.assert_allclose(measured.curve.values[inside], 1, atol=0.02)
    np.testing.assert_allclose(predicted.transfer.values[inside], 1, atol=1e-9)
    # Two overlaps of discs at q, less those of three: L(q) − L(2q).
    x = predicted.noise.frequency.values[inside] / RADIUS
    lens = [2 / np.pi * (np.arccos(u) - u * np.sqrt(1 - u**2)) for u in (x / 2, np.minimum(x, 1))]
    np.testing.assert_allclose(predicted.noise.values[inside], (2 * (lens[0] - lens[1])) ** -0.5, rtol=0.02)
    white = predicted_transfer(like=measured.curve, method="ssb", weighting="white", **LENS)
    np.testing.assert_allclose(white.noise.values[inside], 1, rtol=1e-9)
    np.testing.assert_allclose(white.efficiency.values[inside], predicted.efficiency.values[inside], rtol=0.01)


def test_the_node_for_single_sideband_has_the_transfer_and_the_noise_that_are_predicted(focused) -> None:
    rows, columns = focused.phase.shape
    middle = np.broadcast_to(np.array([rows // 2, columns // 2.0])[:, None, None], (2, rows, columns)).copy()
    origin = xr.DataArray(middle, dims=("component", "y", "x"), attrs={"units": "px"})
    measured = transfer(ssb(bright_field(focused.scan(), origin)), focused.truth, edge=0).curve
    inside = measured.frequency.values < 1.8 * RADIUS
    np.testing.assert_allclose(measured.values[inside], 1, atol=0.005)
    dose, rng = 2e4, np.random.default_rng(1)
    halves = [rng.poisson(focused.patterns * dose / 2).astype(np.uint16) for _ in range(2)]
    one, two = (ssb(bright_field(focused.scan(half), origin)) for half in halves)
    noise = noise_transfer(one, two, electrons=dose, edge=0)
    predicted = predicted_transfer(like=noise, method="ssb", **LENS).noise
    assert np.mean((noise / predicted).values[inside]) == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(noise.values[inside][5:], predicted.values[inside][5:], rtol=0.2)


def test_the_transfer_of_tilt_corrected_bright_field_is_that_of_the_defocus(weak_object) -> None:
    c10 = -150.0
    weak = weak_object(c10, (36, 48))
    lam = wavelength(LENS["energy"])

    def aligned(spectrum: np.ndarray, ky: np.ndarray, kx: np.ndarray, qy: float, qx: float) -> complex:
        moved = np.exp(-2j * np.pi * lam * c10 * (ky * qy + kx * qx))
        return np.sum(spectrum * moved) / len(spectrum) * np.sign(np.sin(np.pi * lam * c10 * (qy**2 + qx**2)))

    agree(weak, sidebands(weak, aligned), weak_phase.parallax, c10)
    predicted = predicted_transfer(Aberrations(c10=c10).to_value(), method="parallax", **LENS)
    q = predicted.transfer.frequency.values
    wave = 2 * np.abs(np.sin(np.pi * lam * c10 * q**2))
    assert np.all(predicted.transfer <= wave + 0.01)  # the finite disc damps
    assert predicted.transfer[6] == pytest.approx(wave[6], rel=0.2)


def test_noise_of_an_integrated_centre_of_mass_falls_with_frequency_and_dose_as_predicted(focused) -> None:
    dose = 200.0
    rng = np.random.default_rng(3)
    halves = [rng.poisson(focused.patterns * dose / 2).astype(np.uint16) for _ in range(2)]
    one, two = (integrate(center_of_mass(focused.scan(half)), border="periodic") for half in halves)
    measured = noise_transfer(one, two, electrons=dose, edge=0)
    predicted = predicted_transfer(like=measured, method="icom", **LENS)
    np.testing.assert_allclose(measured, predicted.noise, rtol=0.25)
    assert np.mean((measured / predicted.noise)[3:]) == pytest.approx(1, abs=0.03)
    # The second moment of a disc along one axis is r²/4.
    np.testing.assert_allclose(predicted.noise, RADIUS / 2 / measured.frequency, rtol=0.01)
    # A signal far above the noise: how well an electron is used.
    truth = 50 * focused.phase
    strong = [focused.picture(49 * integrate(center_of_mass(focused.scan()), border="periodic").values + h.values)
              for h in (one, two)]  # fmt: skip
    found = dose_efficiency(*strong, focused.picture(truth), electrons=dose, edge=0)
    inner = (found.frequency < 1.5 * RADIUS) & (found.frequency > 0.2)
    # 15 rings of about 50 pairs of modes each: their variances are known to 0.14, together to 0.04.
    assert np.mean((predicted.efficiency / found)[inner]) == pytest.approx(1, abs=0.1)


def test_no_method_uses_its_electrons_better_than_the_best_weights() -> None:
    best = predicted_transfer(method="optimal", points=24, **LENS)
    for method in ("icom", "ssb"):
        found = predicted_transfer(method=method, points=24, **LENS)
        assert np.all(found.efficiency <= best.efficiency * (1 + 1e-9))
    lens = Aberrations(c10=-800.0).to_value()
    defocused = predicted_transfer(lens, method="optimal", points=24, **LENS)
    shifted = predicted_transfer(lens, method="parallax", points=24, **LENS)
    assert np.all(shifted.efficiency <= defocused.efficiency * (1 + 1e-9))
    assert defocused.efficiency[2] > 3 * best.efficiency[2]  # defocus opens the triple overlap
    np.testing.assert_allclose(best.transfer, 1)


def test_a_filtered_image_has_the_transfer_of_the_filter() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(96, 160))
    fy, fx = np.fft.fftfreq(96, 0.5)[:, None], np.fft.fftfreq(160, 0.3)
    gain = 0.8 * np.exp(-((np.hypot(fy, fx) / 0.5) ** 2))
    shown = np.fft.ifft2(np.fft.fft2(truth) * gain).real
    for edge in (0.0, 0.25):
        curve, numbers = transfer(picture(shown), picture(truth), edge=edge)
        expected = 0.8 * np.exp(-((curve.frequency / 0.5) ** 2))
        np.testing.assert_allclose(curve, expected, atol=0.02)
        assert numbers.resolution == pytest.approx(1 / (0.5 * np.sqrt(np.log(2))), rel=0.05)
    noisy, _ = transfer(picture(shown + 0.5 * rng.normal(size=truth.shape)), picture(truth), edge=0)
    off = (noisy - expected) / noisy.error
    assert np.mean(off**2) == pytest.approx(1, abs=0.5)
    assert noisy.attrs["units"] == "1"
    assert transfer(picture(shown, "mrad"), picture(truth)).curve.attrs["units"] == "mrad/rad"


def test_frequencies_that_the_truth_does_not_have_have_no_transfer() -> None:
    y, x = np.arange(64)[:, None] * 0.5, np.arange(80) * 0.3
    wave = np.cos(2 * np.pi * (4 * y / 32 + 0 * x))
    curve, numbers = transfer(picture(0.3 * wave), picture(wave), edge=0)
    lit = np.isfinite(curve.values)
    assert lit.sum() == 1
    assert curve.values[lit] == pytest.approx(0.3)
    assert numbers["mean"] == pytest.approx(0.3)


def square_pixels(values: np.ndarray) -> xr.DataArray:
    return image(values, Geometry(scan_step=(0.2, 0.2)), "rad")


def crystal_and_its_blurred_image() -> tuple[np.ndarray, np.ndarray]:
    """Reflections at every 4th ring, whose transfer falls to one half at 1.2 cycles per unit."""
    y, x = np.arange(128)[:, None] * 0.2, np.arange(96) * 0.2
    truth, shown = np.zeros((2, 128, 96))
    for order in range(1, 12):
        for along, size in ((y, 25.6), (x, 19.2)):
            frequency = round(0.2 * order * size) / size
            wave = np.cos(2 * np.pi * frequency * along) + 0 * (x + y)
            truth += wave
            shown += 0.5 ** ((frequency / 1.2) ** 2) * wave
    return truth, shown


def test_between_the_reflections_of_a_crystal_nothing_tells_the_resolution() -> None:
    truth, shown = crystal_and_its_blurred_image()
    curve, numbers = transfer(square_pixels(shown), square_pixels(truth), edge=0)
    assert np.isnan(curve.values[1:40]).sum() > 10
    assert numbers.resolution == pytest.approx(1 / 1.2, rel=0.03)


def test_the_last_crossing_is_the_resolution_of_a_crystal_in_noise() -> None:
    rng = np.random.default_rng(3)
    truth, shown = crystal_and_its_blurred_image()
    truth += 1e-3 * rng.normal(size=truth.shape)
    shown += 0.3 * rng.normal(size=truth.shape)
    first, last = (
        float(transfer(square_pixels(shown), square_pixels(truth), edge=0, crossing=crossing).metrics.resolution)
        for crossing in ("first", "last")
    )
    assert first > 1.5 / 1.2
    assert last == pytest.approx(1 / 1.2, rel=0.1)


def test_what_a_prediction_lacks_is_asked_for() -> None:
    with pytest.raises(UsageError, match="give `scan_step`"):
        predicted_transfer(method="ricom", **LENS)
    with pytest.raises(UsageError, match="connect `aberrations`"):
        predicted_transfer(method="parallax", **LENS)
    uncalibrated = xr.DataArray(
        [1.0], dims="frequency", coords={"frequency": ("frequency", [0.1], {"units": "1/px"})}, attrs={"units": "1"}
    )
    with pytest.raises(UsageError, match="not 1/Å"):
        predicted_transfer(like=uncalibrated, method="icom", **LENS)
