"""Which format a file has, by its first bytes and its name, without importing the formats' modules."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph4d import UsageError
from graph4d_nodes.io.picture import Picture

if TYPE_CHECKING:
    from graph4d_nodes.io.recording import Recording

__all__ = ["choices", "format_of", "open_picture", "open_recording"]


@dataclass(frozen=True)
class Format:
    """How the files of one format look from outside."""

    module: str
    extensions: tuple[str, ...]
    magic: tuple[bytes, ...] = ()
    """First bytes, one of which a file has; empty where the format has none."""
    may_be_later: bool = False
    """The format allows other bytes before its first."""
    refusal: str = ""
    """Why files of the format cannot be opened."""


FORMATS = (
    Format("npy", (".npy",), (b"\x93NUMPY",)),
    Format("merlin", (".mib",), (b"MQ1,",)),
    Format("empad", (".raw", ".xml")),
    Format("blo", (".blo",), (b"IMGBLO",)),
    Format("tiff", (".tif", ".tiff"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    Format("matlab", (".mat",), (b"MATLAB 5.0",)),
    Format("", (), (b"MATLAB 7.3",), refusal="is a MATLAB file of version 7.3; save it with the option -v7"),
    Format(
        "", (".tpx3",), (b"TPX3",), refusal="is a stream of events, which needs the live source; this version has none"
    ),
    Format("", (".hdr",), refusal="is the header of a Merlin scan; give the .mib file beside it"),
    Format("hdf5", (".h5", ".hdf5", ".hspy", ".emd", ".py4dstem", ".nxs"), (b"\x89HDF\r\n\x1a\n",), may_be_later=True),
)
OTHER = Format("rsciio", ())
HEAD_BYTES = 16


def format_of(path: Path) -> Format:
    """The format of a file.

    First bytes are believed before the extension, which people change.

    Parameters
    ----------
    path : Path
        Of the file.

    Returns
    -------
    Format
        ``OTHER``, which leaves it to RosettaSciIO, if this package does not read the format itself.

    Raises
    ------
    UsageError
        There is no such file, it is a folder or empty, or its first bytes are not those of its extension.
    """
    head = _head(path)
    for fmt in FORMATS:
        if any(head.startswith(magic) for magic in fmt.magic):
            return fmt
    for fmt in FORMATS:
        if path.suffix.lower() in fmt.extensions:
            if fmt.magic and not fmt.may_be_later:
                raise UsageError(
                    f"{path} is named {path.suffix} but begins with {head[:8]!r} instead of {fmt.magic[0]!r}: it is "
                    f"damaged or of another format; copy it again or name it by its format"
                )
            return fmt
    return OTHER


def choices(path: Path) -> dict[str, tuple[int, ...]]:
    """Names of the datasets among which ``open_recording`` wants a choice, and their shapes; none of most formats.

    Raises
    ------
    UsageError
        The file is not there or cannot be read.
    """
    module = _module(path)
    found: dict[str, tuple[int, ...]] = module.choices(path) if hasattr(module, "choices") else {}
    return found


def open_recording(path: Path, dataset: str | None = None) -> Recording:
    """Open the patterns of a file in any format, without reading them.

    Parameters
    ----------
    path : Path
        Of the file.
    dataset : str, optional
        Which one of several in the file.

    Raises
    ------
    UsageError
        The file cannot be read as patterns; the message says why and what to do.
    """
    module = _module(path)
    if not hasattr(module, "open_recording"):
        raise UsageError(f"{path} is of a format for images, not for scans; open it with io.image")
    recording: Recording = module.open_recording(path, dataset)
    return recording


def open_picture(path: Path, dataset: str | None = None) -> Picture:
    """Read the image in a file of any format; of a format for patterns, the only one there is.

    Parameters
    ----------
    path : Path
        Of the file.
    dataset : str, optional
        Which one of several in the file.

    Raises
    ------
    UsageError
        The file cannot be read as an image; the message says why and what to do.
    """
    module = _module(path)
    if hasattr(module, "open_picture"):
        picture: Picture = module.open_picture(path, dataset)
        return picture
    frames = module.open_recording(path, dataset).frames
    if frames.shape[0] != 1:
        raise UsageError(f"{path} holds {frames.shape[0]} patterns, not an image; open it with io.open")
    return Picture(frames.read(0, 1)[0])


def _module(path: Path) -> Any:
    found = format_of(path)
    if found.refusal:
        raise UsageError(f"{path} {found.refusal}")
    return import_module(f"graph4d_nodes.io.formats.{found.module}")


def _head(path: Path) -> bytes:
    if path.is_dir():
        remedy = "save scans as .hspy or .npy to open them" if path.suffix == ".zarr" else "give a file in it"
        raise UsageError(f"{path} is a folder; {remedy}")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; give the path of a file, relative to the current folder") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if not head:
        raise UsageError(f"{path} is empty (0 bytes); copy it again")
    return head
