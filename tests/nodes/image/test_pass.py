"""Neither threads, nor blocks, nor what else is in the pass show in a single bit of a result."""

import numpy as np
import pytest
from graph4d_nodes.calibrate.origin import find_origin
from graph4d_nodes.image.com import center_of_mass
from graph4d_nodes.image.mean import maximum_pattern, mean_pattern
from graph4d_nodes.image.radial import cumulative_radial_sums
from graph4d_nodes.image.virtual import segment_images, virtual_image

from graph4d.run.fused import run_pass
from graph4d.run.job import Job


def the_jobs(scan, origin):
    nodes = [
        mean_pattern.function(scan),
        virtual_image.function(scan, origin, detector="disc", outer_px=5.0),
        virtual_image.function(scan, None, detector="annulus", inner_px=6.0, outer_px=9.5),
        center_of_mass.function(scan, origin),
        center_of_mass.function(scan, origin, outer_px=7.0),
        maximum_pattern.function(scan),
        cumulative_radial_sums.function(scan, origin),
        segment_images.function(scan, origin),
        find_origin.function(scan, radius_px=4.0),
    ]
    return [Job(node, scan) for node in nodes]


def values(jobs):
    for job in jobs:
        if job.error is not None:
            raise job.error
    return [job.value.values for job in jobs]


@pytest.fixture
def origin(make_origin, rng):
    return make_origin(np.array([11.5, 9.5])[:, None, None] + rng.integers(-2, 3, (2, 21, 23)) / 4)


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize(("threads", "tile_patterns"), [(1, 1), (2, 7), (3, 64), (2, 10_000)])
def test_neither_threads_nor_blocks_show_in_a_result(make_scan, origin, rng, dtype, threads, tile_patterns):
    patterns = (rng.gamma(1.0, 3.0, (21, 23, 24, 20))).astype(dtype)
    scan = make_scan(patterns)
    size = tile_patterns * patterns[0, 0].nbytes
    whole, cut = the_jobs(scan, origin), the_jobs(scan, origin)
    run_pass(whole, threads=1)
    run_pass(cut, threads=threads, tile_bytes=size, read_bytes=3 * size)
    for one, other in zip(values(whole), values(cut), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_results_are_the_same_alone_and_in_company(make_scan, origin, rng, dtype):
    scan = make_scan((rng.gamma(1.0, 3.0, (21, 23, 24, 20))).astype(dtype))
    together, alone = the_jobs(scan, origin), the_jobs(scan, origin)
    run_pass(together)
    for job in alone:
        run_pass([job])
    for one, other in zip(values(together), values(alone), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4"])
def test_the_largest_counts_of_a_whole_pass_do_not_overflow(make_scan, dtype):
    top = np.iinfo(dtype).max
    scan = make_scan(np.full((3, 3, 40, 300), top, dtype))
    jobs = [
        Job(mean_pattern.function(scan), scan),
        Job(center_of_mass.function(scan), scan),
        Job(virtual_image.function(scan, detector="disc", outer_px=400.0), scan),
    ]
    run_pass(jobs)
    mean, com, disc = values(jobs)
    assert (mean == top).all()
    assert (com == 0).all()
    assert (disc == 40 * 300 * float(top)).all()


def test_patterns_with_gaps_between_columns_give_the_same(make_scan, rng):
    spread = rng.poisson(3, (5, 7, 24, 40)).astype(np.uint16)[..., ::2]
    scan = make_scan(spread)
    assert not scan.read(0, 2).flags.c_contiguous
    packed = make_scan(np.ascontiguousarray(spread))
    np.testing.assert_array_equal(center_of_mass(scan).values, center_of_mass(packed).values)


def test_the_mean_of_floats_is_that_in_double_precision(make_scan, rng):
    patterns = rng.gamma(1.0, 3.0, (31, 97, 4, 5)).astype(np.float32)
    reference = patterns.astype(np.longdouble).reshape(-1, 4, 5).mean(axis=0)
    count = 31 * 97
    mean = mean_pattern(make_scan(patterns)).values
    assert (np.abs(mean - reference) <= count * np.spacing(mean)).all()
