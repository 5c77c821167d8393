"""Values come back from plain arrays and JSON bit for bit, and their digest covers all that they are."""

from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from graph4d.store.codec import LARGE, Encoded, blocks, decode_value, digest_of, encode_value, read_only

DTYPES = (
    npst.boolean_dtypes()
    | npst.integer_dtypes()
    | npst.unsigned_integer_dtypes()
    | npst.floating_dtypes(sizes=(16, 32, 64))
    | npst.complex_number_dtypes(sizes=(64, 128))
    | npst.unicode_string_dtypes(max_len=5)
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text()
    | st.complex_numbers() | st.floats(width=32).map(np.float32) | npst.arrays(np.int16, npst.array_shapes(max_dims=2))
)  # fmt: skip
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
ATTRS = st.dictionaries(st.text(), PLAIN, max_size=3)


@st.composite
def variables(draw: st.DrawFn, dims: tuple[str, ...] = ("y", "x", "k")) -> xr.Variable:
    sizes = {"y": 2, "x": 3, "k": 4}
    chosen = draw(st.permutations(dims))[: draw(st.integers(0, len(dims)))]
    array = draw(npst.arrays(draw(DTYPES), tuple(sizes[dim] for dim in chosen)))
    if draw(st.booleans()):
        array, chosen = array.T, chosen[::-1]
    return xr.Variable(chosen, array, draw(ATTRS))


@st.composite
def values(draw: st.DrawFn) -> xr.DataArray | xr.Dataset:
    main = draw(variables())
    dims = tuple(map(str, main.dims))
    coords = {f"c{number}": draw(variables(dims)) for number in range(draw(st.integers(0, 2)))}
    if "x" in dims:
        coords["x"] = xr.Variable("x", [0.1, -0.2, 0.3], {"units": "Å"})
    if draw(st.booleans()):
        return xr.DataArray(main, coords=coords, name=draw(st.none() | st.just("v") | st.just("c0")))
    return xr.Dataset({"v": main, "w": draw(variables())}, coords=coords, attrs=draw(ATTRS))


def exact(value: Any) -> Any:
    """Everything a value consists of, as plain things that compare bit for bit."""
    if isinstance(value, xr.Variable):
        return exact(value.values), tuple(value.dims), exact(value.attrs)
    if isinstance(value, xr.DataArray):
        return value.name, exact(value.variable), [(name, exact(c.variable)) for name, c in value.coords.items()]
    if isinstance(value, xr.Dataset):
        parts = [[(name, exact(v.variable)) for name, v in group.items()] for group in (value.data_vars, value.coords)]
        return parts, exact(value.attrs)
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes()
    if isinstance(value, dict):
        return sorted((key, exact(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value).__name__, [exact(item) for item in value]
    return type(value).__name__, repr(value)


@settings(deadline=None, max_examples=60)
@given(values())
def test_a_value_comes_back_bit_for_bit(value: Any) -> None:
    encoded = encode_value(value)
    back = decode_value(encoded.meta, [np.array(array) for array in encoded.arrays])
    assert exact(back) == exact(value)
    assert encode_value(back).content == encoded.content


def image(values: Any = None, **changes: Any) -> xr.DataArray:
    array = np.arange(6.0).reshape(2, 3) if values is None else values
    facts = {"dims": ("y", "x"), "coords": {"y": [0, 1]}, "attrs": {"units": "Å"}, "name": "image"}
    return xr.DataArray(array, **{**facts, **changes})


def test_each_part_of_a_value_is_in_its_digest() -> None:
    base = np.arange(6.0).reshape(2, 3)
    changed = base.copy()
    changed[1, 2] = np.nextafter(5, 6)
    different = [
        image(), image(base.astype(np.float32)), image(base.astype(">f8")), image(changed), image(dims=("y", "z")),
        image(base.reshape(3, 2), coords={}), image(coords={}), image(coords={"y": [0, 2]}), image(name="other"),
        image(attrs={"units": "px"}), image(attrs={}), image(attrs={"units": "Å", "n": 1}), image().to_dataset(),
        image(attrs={"units": "Å", "n": 1.0}), image(attrs={"units": "Å", "n": np.float64(1)}),
    ]  # fmt: skip
    digests = [encode_value(value).content for value in different]
    assert len(set(digests)) == len(digests)


def test_neither_strides_nor_the_order_of_attributes_is_in_the_digest() -> None:
    base = np.arange(6.0).reshape(2, 3)
    strided = np.zeros((2, 6))[:, ::2]
    strided[:] = base
    same = [image(), image(np.asfortranarray(base)), image(strided), image(base[::-1].copy()[::-1])]
    assert len({encode_value(value).content for value in same}) == 1
    one, other = image(attrs={"a": 1, "b": 2}), image(attrs={"b": 2, "a": 1})
    assert encode_value(one).content == encode_value(other).content


def test_text_of_any_kind_is_stored_with_a_fixed_width() -> None:
    texts = np.array(["SrTiO₃", "a"], dtype=object)
    encoded = encode_value(xr.DataArray(texts, dims="row"))
    assert encoded.arrays[0].dtype == "<U6"
    assert list(decode_value(encoded.meta, encoded.arrays).values) == list(texts)


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(3),
        image(np.array([[1, "a", None]] * 2, dtype=object)),
        image(np.zeros((2, 3), np.longdouble)),
        image(np.zeros((2, 3), [("a", "f4")])),
        image(attrs={"when": object()}),
        image(attrs={"nested": [{"deep": {1: 2}}]}),
        image(name=3),
        xr.DataArray(np.array(["a\0"], dtype=object), dims="row"),
        image().stack(position=("y", "x")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_stored_is_refused_and_named(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot store"):
        encode_value(value)


def test_a_large_value_is_digested_by_the_action_that_made_it() -> None:
    small = encode_value(image())
    assert digest_of(small, "action", "out") == digest_of(small, "another", "out") == small.content
    huge = np.broadcast_to(np.zeros(1), (LARGE // 8 + 1,))
    large = Encoded(b"{}", (huge,), image())
    digests = {digest_of(large, action, output) for action in "ab" for output in "xy"}
    assert len(digests) == 4


def test_large_arrays_are_cut_into_blocks_that_together_are_the_array(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph4d.store.codec.BLOCK", 100)
    array = np.arange(1000).reshape(10, 5, 20)
    for layout in (array, array.transpose(2, 0, 1), array[:, ::2], array[::-1]):
        pieces = list(blocks(layout))
        assert b"".join(pieces) == layout.tobytes()
        assert max(map(len, pieces)) <= 8 * 20


def test_nobody_can_write_into_a_value_that_is_shared() -> None:
    for value in (image(), image().to_dataset()):
        read_only(value)
        data = value if isinstance(value, xr.DataArray) else value["image"]
        with pytest.raises(ValueError, match="read-only"):
            data.values[0, 0] = 1
