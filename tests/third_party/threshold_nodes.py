"""A node from a stranger's package."""

from typing import Annotated

from graph4d import Image, Labels, Range, node


@node("threshold.above")
def above(image: Image, *, fraction: Annotated[float, Range(0, 1)] = 0.5) -> Labels:
    """Positions brighter than a fraction of the brightest.

    Parameters
    ----------
    fraction : float
        Of the image's maximum.
    """
    labels = (image > fraction * image.max()).astype("int32")
    return labels.assign_attrs(units="1")
