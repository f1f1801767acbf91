"""Arrays and tensors as shape, dtype, range and a few values.

numpy and the others are never imported here: their values bring them along.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from nbstream.prompt.containers import short_text
from nbstream.prompt.description import Description
from nbstream.prompt.safe_repr import short_repr, shortened

#: Up to so many values, all of them are shown.
_WHOLE = 200
#: Up to so many values, the range is that of all of them, which takes about a millisecond.
_MOST_FOR_RANGE = 1_000_000
#: The range of a larger array is that of so many stretches of it, each of so many values. An array
#: on disk is read in these places only.
_STRETCHES = 16
_STRETCH = 2_048
_MOST_FIELDS = 40
_LONGEST_DTYPE = 400
_LONGEST_ELEMENT = 200


def numpy_array(value: Any) -> Description:
    """Describe a numpy array."""
    numpy = sys.modules["numpy"]
    what = f"{_name(value)}, shape {tuple(value.shape)}, {_dtype(value.dtype)}"
    lines = [] if value.size == 0 or value.dtype.kind not in "biufcmM" else [_range(value, numpy)]
    is_whole = value.size <= _WHOLE
    lines.append("values:" if is_whole else "some of its values:")
    lines.append(_values(value, numpy, is_whole=is_whole))
    shown = f"shape {tuple(value.shape)}" if is_whole else f"range and some values of shape {tuple(value.shape)}"
    return Description("\n".join(line for line in lines if line), what, shown, not is_whole)


def other_array(value: Any) -> Description:
    """Describe an array of another library, whose values may be on a device or not computed yet."""
    what = f"{_name(value)}, shape {tuple(getattr(value, 'shape', ()))}, {getattr(value, 'dtype', 'of unknown dtype')}"
    device = getattr(value, "device", "")
    return Description(
        f"device: {short_repr(device, 80)}" if device else what, what, "shape and dtype only", is_cut=True
    )


def _name(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__.split('.')[0]} {kind.__name__}"


def _dtype(dtype: Any) -> str:
    if dtype.names and len(dtype.names) > _MOST_FIELDS:
        return f"a record of {len(dtype.names):,} fields"
    return shortened(str(dtype), _LONGEST_DTYPE)


def _range(value: Any, numpy: Any) -> str:
    """Return the smallest and the largest value, of a sample if the array is large."""
    whole = value.size <= _MOST_FOR_RANGE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sample = value.reshape(-1) if whole else _sample(value, numpy)
            return _range_of(sample, numpy, "" if whole else f" (of {sample.size:,} of {value.size:,} values)")
    except Exception:  # noqa: BLE001  (a subclass of another library may not have all of this)
        return ""


def _sample(value: Any, numpy: Any) -> Any:
    step = (value.size - _STRETCH) // (_STRETCHES - 1)
    # `flat` reads single stretches, also where `reshape` would copy the array.
    return numpy.concatenate([value.flat[at * step : at * step + _STRETCH] for at in range(_STRETCHES)])


def _range_of(sample: Any, numpy: Any, of: str) -> str:
    kind = sample.dtype.kind
    find_missing, name = (numpy.isnat, "NaT") if kind in "mM" else (numpy.isnan, "NaN")
    present = sample[~find_missing(sample)] if kind in "fcmM" else sample
    missing = sample.size - present.size
    noted = f", {missing:,} {name}" if missing else ""
    if not present.size:
        return f"range: none, all values are {name}{of}"
    if kind == "c":
        sizes = numpy.abs(present)
        return f"absolute values from {sizes.min()} to {sizes.max()}{noted}{of}"
    return f"range: {present.min()} to {present.max()}{noted}{of}"


def _values(value: Any, numpy: Any, *, is_whole: bool) -> str:
    try:
        if value.dtype.kind in "OVU" or value.dtype.kind == "S":
            # An element may be a text of any length.
            first = value.reshape(-1)[:_WHOLE] if is_whole else value.flat[:20]
            return "[" + ", ".join(_element(each) for each in first.tolist()) + ("]" if is_whole else ", …]")
        return str(numpy.array2string(value, separator=", ", threshold=_WHOLE, max_line_width=100))
    except Exception:  # noqa: BLE001  (as above)
        return ""


def _element(value: Any) -> str:
    return (
        short_repr(value[:_LONGEST_ELEMENT], _LONGEST_ELEMENT)
        if isinstance(value, str | bytes)
        else short_text(value, _LONGEST_ELEMENT)
    )
