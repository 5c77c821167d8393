"""Merlin ``.mib``: values and handedness against an independent reader, raw layouts against their definition."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from graph4d_nodes.io.image import open_image
from graph4d_nodes.io.open import open_scan

from graph4d import UsageError


@pytest.fixture(scope="module")
def merlin(tmp_path_factory, shared_data):
    folder = tmp_path_factory.mktemp("merlin")
    for name in ("Merlin_Single_Quad.zip", "Merlin_navigation4x2_ROI.zip"):
        with zipfile.ZipFile(shared_data / "formats" / name) as archive:
            archive.extractall(folder)
    return folder


def stack_of(path: Path) -> np.ndarray:
    """All frames, whatever their number."""
    count = path.name.split("_")[1]
    shape = {"1": [1, 1], "9": [1, 9]}.get(count, [2, 4])
    scan = open_scan(path=path, scan_shape=shape)
    return scan.read(0, shape[0] * shape[1])


def test_every_file_equals_an_independent_reader_up_to_the_direction_of_its_rows(merlin):
    reader = pytest.importorskip("rsciio.quantumdetector").file_reader
    files = [p for p in sorted(merlin.glob("*.mib")) if "RAW" not in p.name]
    assert len(files) == 18
    for path in files:
        expected = reader(str(path))[0]["data"]
        ours = stack_of(path)
        assert ours.dtype == expected.dtype.newbyteorder("=")
        np.testing.assert_array_equal(ours, expected.reshape(ours.shape)[:, ::-1], err_msg=path.name)


def test_a_region_of_interest_is_as_high_as_it_was_recorded(merlin):
    scan = open_scan(path=merlin / "002_4x2_6bit_roi128.mib", scan_shape=[2, 4])
    assert scan.shape == (2, 4, 128, 256)


def frame_header(width, height, pixel, depth, chips=1, layout="1x1"):
    text = f"MQ1,000001,00384,{chips:02},{width:04},{height:04},{pixel},   {layout},01,2026-01-01,0.001,MQ1A,1000ns,"
    return f"{text}{depth},".encode().ljust(384)


def test_the_first_row_stored_is_the_first_row_of_a_pattern(tmp_path):
    frame = np.zeros((4, 8), ">u2")
    frame[0, 1] = 7  # top, left of the middle
    (tmp_path / "a.mib").write_bytes(frame_header(8, 4, "U16", 12) + frame.tobytes())
    np.testing.assert_array_equal(open_image(path=tmp_path / "a.mib"), frame)


def in_words(pixels: np.ndarray, bits: int) -> bytes:
    """Pixels as big-endian 64-bit words, the leftmost of each in the lowest bits: by Python's integers."""
    each = 64 // bits
    words = pixels.reshape(-1, each).tolist()
    return b"".join(sum(value << (bits * i) for i, value in enumerate(word)).to_bytes(8, "big") for word in words)


@pytest.mark.parametrize(("depth", "bits", "dtype"), [(1, 1, "u1"), (6, 8, "u1"), (12, 16, "u2")])
def test_raw_pixels_of_one_chip_are_put_in_order(tmp_path, depth, bits, dtype):
    frames = np.random.default_rng(depth).integers(0, 2**depth, (3, 64, 256))
    header = frame_header(256, 64, "R64", depth)
    (tmp_path / "raw.mib").write_bytes(b"".join(header + in_words(f, bits) for f in frames))
    scan = open_scan(path=tmp_path / "raw.mib", scan_shape=[1, 3])
    assert scan.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(scan.read(0, 3), frames)
    np.testing.assert_array_equal(scan.read(1, 2), frames[1:2])


def test_a_raw_24_bit_frame_is_its_high_bits_and_then_its_low_ones(tmp_path):
    frame = np.random.default_rng(0).integers(0, 2**24, (256, 256))
    stored = frame_header(512, 256, "R64", 24) + in_words(frame >> 12, 16) + in_words(frame & 0xFFF, 16)
    (tmp_path / "raw.mib").write_bytes(stored)
    image = open_image(path=tmp_path / "raw.mib")
    assert image.dtype == np.dtype("u4")
    np.testing.assert_array_equal(image, frame)


@pytest.mark.parametrize(("depth", "bits"), [(1, 1), (6, 8), (12, 16)])
def test_a_raw_quad_is_assembled_from_its_chips(tmp_path, depth, bits):
    picture = np.random.default_rng(depth).integers(0, 2**depth, (512, 512))
    rows = []
    for row in range(256):
        below = 511 - row
        rows += [picture[below, :255:-1], picture[below, 255::-1], picture[row, 256:], picture[row, :256]]
    stored = frame_header(1024, 256, "R64", depth, 4, "2x2") + in_words(np.concatenate(rows), bits)
    (tmp_path / "quad.mib").write_bytes(stored)
    np.testing.assert_array_equal(open_image(path=tmp_path / "quad.mib"), picture)


def test_noisy_pixels_of_a_real_quad_are_where_its_assembled_frames_have_them(merlin):
    """Pixels that count in the dark do so in every acquisition: only the right layout lays them on each other."""
    for chips in ("Single", "Quad"):
        raw = stack_of(merlin / f"{chips}_9_Frame_CounterDepth_1_Rows_256RAW.mib")
        cooked = stack_of(merlin / f"{chips}_9_Frame_CounterDepth_1_Rows_256.mib")
        assert raw.shape == cooked.shape
        half = raw.shape[1] // 2
        for rows in (slice(0, half), slice(half, None)):
            for columns in (slice(0, half), slice(half, None)):
                a, b = (frames.mean(axis=0)[rows, columns].ravel() for frames in (raw, cooked))
                assert np.corrcoef(a, b)[0, 1] > 0.8


def test_real_frames_of_24_bit_have_their_highest_count(shared_data):
    image = open_image(path=shared_data / "formats/gemini_test_CL30cm.mib")
    assert (image.shape, image.dtype, int(image.max())) == ((256, 256), np.dtype("u4"), 125336)


def test_the_side_header_gives_rows_and_columns(tmp_path):
    frames = np.arange(6 * 8, dtype="u1").reshape(6, 2, 4)
    (tmp_path / "a.mib").write_bytes(b"".join(frame_header(4, 2, "U08", 6) + f.tobytes() for f in frames))
    (tmp_path / "a.hdr").write_text(
        "HDR,\t\nFrames in Acquisition (Number):\t6\nFrames per Trigger (Number):\t3\nEnd\t"
    )
    scan = open_scan(path=tmp_path / "a.mib")
    assert scan.positions == (2, 3)
    np.testing.assert_array_equal(scan.read(0, 6), frames)
    (tmp_path / "a.hdr").write_text("HDR,\t\nFrames per Trigger (Number):\t1\nScanX:\t2\nScanY:\t3\nEnd\t")
    assert open_scan(path=tmp_path / "a.mib").positions == (3, 2)


def test_a_file_cut_short_says_how_many_whole_frames_it_has(tmp_path):
    frame = frame_header(8, 4, "U16", 12) + bytes(64)
    (tmp_path / "a.mib").write_bytes(3 * frame + frame[:100])
    with pytest.raises(UsageError, match=r"a\.mib holds 3 whole frames of 448 bytes .* and 100 bytes more"):
        open_scan(path=tmp_path / "a.mib")


def test_a_corrupted_header_gives_one_clear_line(shared_data):
    path = shared_data / "formats/gemini_test_CL30cm_corrupted.mib"
    for node in (open_scan, open_image):
        with pytest.raises(UsageError, match=r"does not give chips, width, height and pixel type.*damaged") as error:
            node(path=path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (frame_header(256, 256, "R64", 3), "raw counters of 3 bit"),
        (frame_header(512, 256, "R64", 12, 2, "2x1"), "2 chips in the layout 2x1"),
        (frame_header(256, 256, "F32", 12), "type 'F32'"),
    ],
)
def test_pixels_nobody_has_described_are_refused(tmp_path, header, why):
    (tmp_path / "a.mib").write_bytes(header + bytes(1000))
    with pytest.raises(UsageError, match=why):
        open_scan(path=tmp_path / "a.mib")


def test_several_frames_are_no_image(merlin):
    with pytest.raises(UsageError, match=r"9 patterns.*io\.open"):
        open_image(path=merlin / "Single_9_Frame_CounterDepth_6_Rows_256.mib")


def test_a_header_given_in_place_of_its_scan_says_what_to_give(shared_data):
    with pytest.raises(UsageError, match=r"give the \.mib file beside it"):
        open_scan(path=shared_data / "formats" / "gemini_test_CL30cm.hdr")
