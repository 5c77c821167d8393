"""Particles, layers, films, and what is built of them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from graph4d_nodes.simulate.amorphous import amorphous
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.crystal import crystal
from graph4d_nodes.simulate.heterostructure import heterostructure
from graph4d_nodes.simulate.nanoparticle import nanoparticle
from graph4d_nodes.simulate.stack import stack
from scipy.spatial import cKDTree

from graph4d import UsageError

BOND = 4.078 / math.sqrt(2)


def nearest(positions: np.ndarray) -> np.ndarray:
    return cKDTree(positions).query(positions, k=2)[0][:, 1]


@pytest.mark.parametrize("shape", ["wulff", "octahedron", "cuboctahedron", "decahedron", "icosahedron", "sphere"])
def test_a_particle_has_the_volume_asked_for_and_its_metals_bonds(shape: str) -> None:
    if shape != "sphere":
        pytest.importorskip("ase")
    found = Atoms.from_value(nanoparticle(shape=shape, diameter="24 Å"))
    # Steps of shells are coarse: the nearest is within a factor of 1.5.
    assert 2 / 3 < len(found.numbers) / (math.pi / 6 * 24**3 * 4 / 4.078**3) < 3 / 2
    assert nearest(found.positions) == pytest.approx(BOND, rel=1e-3)
    middle = (found.positions.min(axis=0) + found.positions.max(axis=0)) / 2
    np.testing.assert_allclose(middle, np.array(found.box) / 2)
    assert not found.periodic


@pytest.mark.parametrize(("diameter", "count"), [("11 Å", 55), ("16 Å", 147), ("21 Å", 309), ("26 Å", 561)])
def test_icosahedra_have_magic_numbers_of_atoms(diameter: str, count: int) -> None:
    pytest.importorskip("ase")
    assert nanoparticle(shape="icosahedron", diameter=diameter).sizes["atom"] == count


def test_a_sphere_holds_what_is_within_its_radius_of_an_atom() -> None:
    found = Atoms.from_value(nanoparticle(shape="sphere", diameter="20 Å", zone_axis=(0, 0, 1)))
    away = np.linalg.norm(found.positions - np.array(found.box) / 2, axis=1)
    assert away.max() <= 10
    assert np.isclose(away, 0).sum() == 1


def test_the_fivefold_axis_of_a_decahedron_may_lie_along_the_beam() -> None:
    pytest.importorskip("ase")
    found = Atoms.from_value(nanoparticle(shape="decahedron", zone_axis=(0, 0, 1)))
    flat = found.positions[:, :2] - np.array(found.box[:2]) / 2
    flat -= flat.mean(axis=0)
    angle = 2 * math.pi / 5
    turned = flat @ np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    assert cKDTree(flat).query(turned)[0].max() < 0.05


def test_layers_keep_their_bonds_and_are_turned_against_each_other() -> None:
    found = Atoms.from_value(heterostructure(layers=("MoS2", "WSe2"), twist=("10 deg", "7 deg"), distance="6.4 Å"))
    assert not found.periodic
    for metal, chalcogen, bond, angle in ((42, 16, math.hypot(3.1604 / math.sqrt(3), 1.586), 10), (74, 34, None, 17)):
        metals, others = (found.positions[found.numbers == number] for number in (metal, chalcogen))
        inner = metals[(np.abs(metals[:, :2] - 20) < 12).all(axis=1)]
        if bond:
            np.testing.assert_allclose(cKDTree(others).query(inner, k=6)[0], bond, atol=1e-6)
        away, which = cKDTree(metals).query(inner, k=7)
        assert np.ptp(away[:, 1:]) < 1e-6
        directions = metals[which[:, 1:]] - inner[:, None]
        azimuth = np.degrees(np.arctan2(directions[..., 1], directions[..., 0])) % 60
        np.testing.assert_allclose(azimuth, angle, atol=1e-6)
    heights = [found.positions[found.numbers == number, 2].mean() for number in (42, 74)]
    assert heights[1] - heights[0] == pytest.approx(6.4)


def test_a_single_layer_that_is_not_turned_has_no_edges() -> None:
    found = Atoms.from_value(heterostructure(layers=("graphene",), size=("20 Å", "30 Å")))
    assert found.periodic
    distances = cKDTree(found.positions, boxsize=[*found.box[:2], 100]).query(found.positions, k=4)[0]
    np.testing.assert_allclose(distances[:, 1:], 2.461 / math.sqrt(3), atol=1e-6)


def test_an_amorphous_film_has_its_density_and_no_close_pairs_even_across_the_border() -> None:
    found = Atoms.from_value(amorphous(density=0.1, nearest="1.4 Å", size=("30 Å", "20 Å"), thickness="25 Å"))
    assert found.box == (20, 30, 25)
    assert len(found.numbers) == 1500
    distances = cKDTree(found.positions, boxsize=[20, 30, 100]).query(found.positions, k=2)[0][:, 1]
    assert distances.min() >= 1.4
    assert found.positions.min() >= 0
    assert (found.positions < found.box).all()
    # Spread evenly: no eighth has much more than an eighth.
    counts = np.histogramdd(found.positions, bins=2, range=[(0, length) for length in found.box])[0]
    assert np.abs(counts - 1500 / 8).max() < 50


def test_a_seed_names_a_film() -> None:
    one, same, other = (amorphous(size=("10 Å", "10 Å"), thickness="8 Å", seed=seed) for seed in (1, 1, 2))
    assert one.identical(same)
    assert not one.equals(other)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_particle_lies_on_its_support_at_the_distance_given(place: str) -> None:
    film = amorphous(size=("40 Å", "44 Å"), thickness="10 Å")
    ball = nanoparticle(shape="sphere", diameter="16 Å", size=("30 Å", "30 Å"))
    both = Atoms.from_value(stack(film, ball, place=place, gap="2.5 Å", shift=("3 Å", "-4 Å")))
    gold, carbon = (both.positions[both.numbers == number] for number in (79, 6))
    assert len(gold) == ball.sizes["atom"]
    assert len(carbon) == film.sizes["atom"]
    first, then = (gold, carbon) if place == "before" else (carbon, gold)
    assert then[:, 2].min() - first[:, 2].max() == pytest.approx(2.5)
    middle = (gold.min(axis=0) + gold.max(axis=0)) / 2
    np.testing.assert_allclose(middle[:2], (22 - 4, 20 + 3))
    assert both.periodic
    assert both.positions[:, 2].min() >= 0
    assert both.positions[:, 2].max() < both.box[2]


def test_what_is_embedded_is_given_room() -> None:
    film = amorphous(size=("40 Å", "40 Å"), thickness="30 Å")
    ball = nanoparticle(shape="sphere", diameter="16 Å", size=("30 Å", "30 Å"))
    both = Atoms.from_value(stack(film, ball, place="inside", clearance="2 Å"))
    gold, carbon = (both.positions[both.numbers == number] for number in (79, 6))
    assert cKDTree(gold).query(carbon)[0].min() >= 2
    assert 0 < film.sizes["atom"] - len(carbon) < 700
    assert gold[:, 2].mean() == pytest.approx(15, abs=0.5)


def test_a_film_is_cut_to_a_crystal_and_vacuum_ends_it() -> None:
    slab = crystal(size=("20 Å", "28 Å"))
    both = Atoms.from_value(stack(slab, amorphous(size=("12 Å", "12 Å"), thickness="8 Å"), place="after"))
    assert both.box[:2] == Atoms.from_value(slab).box[:2]
    assert not both.periodic
    carbon = both.positions[both.numbers == 6]
    assert len(carbon) == pytest.approx(0.1 * both.box[0] * both.box[1] * 8, rel=0.1)
    padded = Atoms.from_value(stack(slab, nanoparticle(shape="sphere", size=("26 Å", "26 Å")), vacuum="10 Å"))
    assert padded.box[0] == pytest.approx(both.box[0] + 20)
    assert padded.positions[padded.numbers != 79, :2].min() == pytest.approx(10)
    assert not padded.periodic


def test_repeated_boxes_cover_what_is_asked_for() -> None:
    found = Atoms.from_value(crystal(size=("4 Å", "8 Å"), thickness="3.905 Å"))
    there = found.covering((-10, 3), (13, 21))
    assert there.positions[:, :2].min(axis=0) == pytest.approx((-9.7625, 3.905), abs=1e-9)
    assert there.positions[:, :2].max(axis=0) == pytest.approx((11.715, 19.525), abs=1e-9)
    strontium = there.positions[there.numbers == 38]
    assert len(strontium) == 6 * 5


@pytest.mark.parametrize(
    ("build", "line"),
    [
        (lambda: nanoparticle(shape="sphere", diameter="60 Å"), r"does not fit into a box of 50 × 50 Å; raise `size`"),
        (lambda: nanoparticle(shape="sphere", element="Gold"), "'Gold' is no element"),
        (lambda: nanoparticle(zone_axis=(0, 0, 0)), "is no direction"),
        (lambda: heterostructure(layers=("MoS3",)), "'MoS3' is no layer; expected one of graphene"),
        (lambda: heterostructure(layers=()), "there are no layers"),
        (lambda: heterostructure(layers=("hBN",), twist=("1 deg", "2 deg")), "`twist` has 2 angles for 1 layer"),
        (lambda: heterostructure(lattice=("3 Å",)), r"`lattice` has 1 constants for 2 layer\(s\)"),
        (lambda: amorphous(density=0.5, size=("10 Å", "10 Å"), thickness="8 Å"), "lower `density` or `nearest`"),
        (
            lambda: stack(amorphous(size=("20 Å", "20 Å"), thickness="5 Å"), nanoparticle(shape="sphere")),
            "out of the box of 20 × 20 Å; raise the `size` of the base",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(build: Callable[[], object], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        build()
