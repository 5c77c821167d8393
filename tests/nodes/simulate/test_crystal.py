"""Crystals against textbook distances and against ASE's."""

import math
from pathlib import Path

import numpy as np
import pytest
from graph4d_nodes.simulate import elements
from graph4d_nodes.simulate.atoms import Atoms
from graph4d_nodes.simulate.crystal import crystal
from graph4d_nodes.simulate.elements import SYMBOLS
from graph4d_nodes.simulate.lattice import frame_along
from graph4d_nodes.simulate.prototypes import hexagonal_cell
from scipy.spatial import cKDTree

from graph4d import UsageError


def atoms(**given: object) -> Atoms:
    return Atoms.from_value(crystal(**given))


def nearest(found: Atoms, *, across: bool = False) -> np.ndarray:
    """Distance of each atom to the nearest other one; ``across`` the borders in x and y too."""
    box = [*found.box[:2], 1e4] if across else None
    return cKDTree(found.positions, boxsize=box).query(found.positions, k=2)[0][:, 1]


BOND_2H = math.hypot(3.16 / math.sqrt(3), 0.129 * 12.3)
PROTOTYPES = [
    ("perovskite", ("Sr", "Ti", "O"), 3.905, None, 1.9525, 5 / 3.905**3),
    ("rocksalt", ("Mg", "O"), 4.212, None, 2.106, 8 / 4.212**3),
    ("fcc", ("Au",), 4.078, None, 4.078 / math.sqrt(2), 4 / 4.078**3),
    ("bcc", ("Fe",), 2.867, None, 2.867 * math.sqrt(3) / 2, 2 / 2.867**3),
    ("sc", ("Po",), 3.359, None, 3.359, 1 / 3.359**3),
    ("hcp", ("Ti",), 2.951, None, 2.951, math.sqrt(2) / 2.951**3),
    ("diamond", ("Si",), 5.431, None, 5.431 * math.sqrt(3) / 4, 8 / 5.431**3),
    ("zincblende", ("Ga", "As"), 5.653, None, 5.653 * math.sqrt(3) / 4, 8 / 5.653**3),
    ("wurtzite", ("Ga", "N"), 3.19, None, 3.19 * math.sqrt(3 / 8), 4 / (math.sqrt(2) * 3.19**3)),
    ("fluorite", ("Ca", "F"), 5.463, None, 5.463 * math.sqrt(3) / 4, 12 / 5.463**3),
    ("cesiumchloride", ("Cs", "Cl"), 4.123, None, 4.123 * math.sqrt(3) / 2, 2 / 4.123**3),
    ("2H", ("Mo", "S"), 3.16, 12.3, BOND_2H, 6 / (math.sqrt(3) / 2 * 3.16**2 * 12.3)),
]


@pytest.mark.parametrize(("prototype", "symbols", "a", "c", "bond", "density"), PROTOTYPES)
def test_neighbours_and_density_are_those_of_the_textbook(
    prototype: str, symbols: tuple[str, ...], a: float, c: float | None, bond: float, density: float
) -> None:
    height = 2 * (c or a * math.sqrt(8 / 3) if prototype in ("hcp", "wurtzite", "2H") else a)
    constants = {"a": f"{a} Å"} | ({"c": f"{c} Å"} if c else {})
    found = atoms(prototype=prototype, elements=symbols, **constants, size=("15 Å", "20 Å"), thickness=f"{height} Å")
    assert found.periodic
    assert found.box[0] >= 20
    assert found.box[1] >= 15
    assert nearest(found, across=True).min() == pytest.approx(bond, abs=1e-6)
    assert len(found.numbers) / math.prod(found.box) == pytest.approx(density, rel=1e-9)
    assert set(found.numbers) == {SYMBOLS.index(symbol) + 1 for symbol in symbols}


@pytest.mark.parametrize(
    ("prototype", "name", "a"), [("rocksalt", "SrO", 5.16), ("zincblende", "GaAs", 5.65), ("fluorite", "CaFF", 5.46)]
)
def test_all_distances_are_those_of_ases_crystal(prototype: str, name: str, a: float) -> None:
    build = pytest.importorskip("ase.build")
    other = build.bulk(name, prototype, a=a, cubic=True)
    symbols = tuple(dict.fromkeys(other.get_chemical_symbols()))
    found = atoms(prototype=prototype, elements=symbols, a=f"{a} Å", size=("20 Å", "20 Å"), thickness="24 Å")
    theirs = other.repeat(5)
    for number in set(other.numbers):
        expected = around(theirs.positions, theirs.numbers, theirs.cell.sum(axis=0) / 2, number)
        np.testing.assert_allclose(
            around(found.positions, found.numbers, np.array(found.box) / 2, number), expected, atol=1e-6
        )


def around(positions: np.ndarray, numbers: np.ndarray, middle: np.ndarray, number: int) -> list[float]:
    """Distances to the 40 nearest atoms of one near the middle, each with its atomic number in the hundreds."""
    chosen = np.flatnonzero(numbers == number)
    centre = positions[chosen[np.argmin(np.linalg.norm(positions[chosen] - middle, axis=1))]]
    away = np.linalg.norm(positions - centre, axis=1)
    near = away < 1.3 * 5
    return sorted(np.round(away[near], 6) + 100.0 * numbers[near])


def columns(found: Atoms) -> np.ndarray:
    """Different places (x, y) along the beam."""
    return np.unique(np.round(found.positions[:, :2], 4), axis=0)


def test_gold_along_110_shows_a_centred_rectangle() -> None:
    a = 4.078
    found = atoms(prototype="fcc", elements=("Au",), a=f"{a} Å", zone_axis=(1, 1, 0), size=("12 Å", "12 Å"))
    expected = [(i * a / 2, j * a / math.sqrt(8)) for i in range(20) for j in range(20) if (i + j) % 2 == 0]
    assert cKDTree(expected).query(columns(found))[0].max() < 1e-3
    # Two columns in a cell of a × a/√2.
    assert len(columns(found)) == pytest.approx(2 * found.box[0] * found.box[1] / (a * a / math.sqrt(2)))


def test_gold_along_111_shows_columns_in_hexagons() -> None:
    found = atoms(prototype="fcc", elements=("Au",), a="4.078 Å", zone_axis=(1, 1, 1), thickness="14.1 Å")
    flat = columns(found)
    distances = cKDTree(flat, boxsize=found.box[:2]).query(flat, k=8)[0]
    np.testing.assert_allclose(distances[:, 1:7], 4.078 / math.sqrt(6), atol=1e-3)
    assert (distances[:, 7] > 2.5).all()


@pytest.mark.parametrize("zone_axis", [(0, 0, 1), (1, 1, 0), (-1, 2, 3), (1, 0, 0)])
@pytest.mark.parametrize("cell", [4 * np.eye(3), hexagonal_cell(3.0, 5.0), np.diag([3.0, 4.0, 5.0])])
def test_no_frame_mirrors_the_crystal(cell: np.ndarray, zone_axis: tuple[int, int, int]) -> None:
    axes = frame_along(cell, zone_axis).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    assert axes[2] @ (np.array(zone_axis) @ cell) > 0


def test_the_zone_axis_lies_along_the_beam() -> None:
    # Zinc blende: from Ga to As it is [1 1 1]/4 and never its opposite.
    found = atoms(prototype="zincblende", elements=("Ga", "As"), a="5.65 Å", zone_axis=(1, 1, 1), thickness="20 Å")
    gallium, arsenic = (found.positions[found.numbers == number] for number in (31, 33))
    inner = gallium[(np.abs(gallium - np.array(found.box) / 2) < 6).all(axis=1)]
    bonds = (arsenic[None] - inner[:, None]).reshape(-1, 3)
    bonds = bonds[np.linalg.norm(bonds, axis=1) < 2.5]
    assert bonds[:, 2].max() == pytest.approx(5.65 * math.sqrt(3) / 4, abs=1e-6)
    assert bonds[:, 2].min() == pytest.approx(-5.65 * math.sqrt(3) / 12, abs=1e-6)


@pytest.mark.parametrize("zone_axis", [(0, 0, 1), (1, 1, 0), (1, 2, 3), (2, 1, 0)])
def test_a_box_of_whole_periods_has_no_seam(zone_axis: tuple[int, int, int]) -> None:
    found = atoms(zone_axis=zone_axis, size=("10 Å", "10 Å"), thickness="10 Å")
    assert found.periodic
    inside = np.sort(nearest(found, across=True))
    assert inside[0] == pytest.approx(1.9525, abs=1e-6)


def test_turning_is_clockwise_on_screen() -> None:
    straight = atoms(size=("8 Å", "8 Å"), thickness="3 Å")
    turned = atoms(rotation="20 deg", size=("8 Å", "8 Å"), thickness="3 Å")
    assert not turned.periodic
    c, s = math.cos(math.radians(20)), math.sin(math.radians(20))
    # x → right and y → down: what lay at (3.905, 0) goes right and down.
    expected = straight.positions[:, :2] @ np.array([[c, -s], [s, c]]).T
    inside = ((expected > 0.01) & (expected < 7.99)).all(axis=1)
    assert inside.sum() > 10
    assert cKDTree(turned.positions[:, :2]).query(expected[inside])[0].max() < 1e-9


def test_a_cif_file_gives_its_crystal(tmp_path: Path) -> None:
    build = pytest.importorskip("ase.build")
    path = tmp_path / "galliumarsenide.cif"
    build.bulk("GaAs", "zincblende", a=5.65, cubic=True).write(path)
    from_file = atoms(cif=str(path), size=("11 Å", "11 Å"), thickness="5.65 Å")
    by_name = atoms(
        prototype="zincblende", elements=("Ga", "As"), a="5.65 Å", size=("11 Å", "11 Å"), thickness="5.65 Å"
    )
    assert from_file.box == pytest.approx(by_name.box)
    assert cKDTree(by_name.positions).query(from_file.positions)[0].max() < 1e-4


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"elements": ("Sr", "Tii", "O")}, "'Tii' is no element; did you mean `Ti`"),
        ({"elements": ("Au",)}, r"`perovskite` has elements such as \[Sr, Ti, O\]; got \[Au\]"),
        ({"c": "5 Å"}, "`perovskite` is cubic"),
        ({"zone_axis": (0, 0, 0)}, r"zone_axis \[0, 0, 0\] is no direction"),
        ({"prototype": "garnet"}, "garnet"),
    ],
)
def test_what_is_no_crystal_is_refused(given: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        crystal(**given)


@pytest.mark.parametrize("text", ["", "this is no crystal", "data_x\n_cell_length_a 3\nloop_\n_atom_site_label\nAu\n"])
def test_a_file_that_is_no_cif_gives_one_clear_line(text: str, tmp_path: Path) -> None:
    pytest.importorskip("ase")
    path = tmp_path / "bad.cif"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"bad\.cif") as caught:
        crystal(cif=str(path))
    assert "\n" not in str(caught.value)


def test_without_ase_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(elements, "find_spec", lambda name: None)
    (tmp_path / "any.cif").write_text("data_x")
    with pytest.raises(UsageError, match=r"pip install 'graph4d\[simulate\]'"):
        crystal(cif=str(tmp_path / "any.cif"))
