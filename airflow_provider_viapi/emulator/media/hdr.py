"""Convert between the light of HDR screens (PQ and HLG in BT.2020 primaries) and SDR display values (BT.709)."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import ImageFilter

Colours = npt.NDArray[np.float64]
Transfer = Literal["PQ", "HLG"]

HDR_TRANSFERS: MappingProxyType[int, Transfer] = MappingProxyType({16: "PQ", 18: "HLG"})
"""Code points of H.273 for the transfer characteristics of HDR."""

SDR_WHITE = 203  # nits of an SDR frame's white on an HDR screen, by BT.2408
PQ_PEAK, HLG_PEAK = 600, 1000  # nits of the brightest highlight: what is written, what HLG is mastered for
SDR_GAMMA = 2.4
KNEE = 0.75  # share of SDR white above which highlights are compressed
LUT_SIZE = 33

BT_709_TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
BT_2020_LUMA = np.array([0.2627, 0.6780, 0.0593])


def from_sdr(colours: Colours, peak: float) -> Colours:
    """Convert BT.709 display values of 0-1 to light on an HDR screen, in nits and BT.2020 primaries.

    :param peak: the nits to which white is lifted; greys stay as they are on an SDR screen
    """
    light = colours**SDR_GAMMA
    return np.asarray((SDR_WHITE * light + (peak - SDR_WHITE) * light**4) @ BT_709_TO_2020.T, np.float64)


def from_pq(values: Colours) -> Colours:
    """Convert PQ values of 0-1 (SMPTE ST 2084) to nits."""
    root = values ** (1 / 78.84375)
    light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return np.asarray(10_000 * light ** (1 / 0.1593017578125), np.float64)


def to_pq(nits: Colours) -> Colours:
    """Convert nits to PQ values of 0-1 (SMPTE ST 2084)."""
    light = (nits / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375, np.float64)


def from_hlg(values: Colours, peak: float = HLG_PEAK) -> Colours:
    """Convert HLG values of 0-1 (BT.2100) to nits on a screen with this peak."""
    bright = (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12
    scene = np.where(values <= 0.5, values**2 / 3, bright)
    luminance = np.maximum(scene @ BT_2020_LUMA, 1e-9)[..., None]
    return np.asarray(peak * scene * luminance ** (_hlg_gamma(peak) - 1), np.float64)


def to_hlg(nits: Colours, peak: float = HLG_PEAK) -> Colours:
    """Convert nits to the HLG values of 0-1 (BT.2100) for a screen with this peak."""
    share = nits / peak
    luminance = np.maximum(share @ BT_2020_LUMA, 1e-9)[..., None]
    scene = share * luminance ** (1 / _hlg_gamma(peak) - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright), np.float64)


def _hlg_gamma(peak: float) -> float:
    return float(1.2 + 0.42 * np.log10(peak / 1000))


def from_hdr(values: Colours, transfer: Transfer) -> Colours:
    """Convert values of 0-1 to nits."""
    return from_pq(values) if transfer == "PQ" else from_hlg(values)


@cache
def hdr_to_sdr(transfer: Transfer) -> ImageFilter.Color3DLUT:
    """Return the table that tone-maps RGB frames to BT.709; highlights above SDR white are compressed."""
    steps = np.linspace(0, 1, LUT_SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # red changes fastest
    nits = from_hdr(np.stack([red, green, blue], axis=-1), transfer)
    light = np.maximum(nits @ np.linalg.inv(BT_709_TO_2020).T, 0) / SDR_WHITE
    brightest = light.max(axis=-1, keepdims=True)
    # All channels by the same factor, so that bright colours keep their hue.
    excess = (1 - KNEE) * (1 - np.exp(-np.maximum(brightest - KNEE, 0) / (1 - KNEE)))
    target = np.where(brightest > KNEE, KNEE + excess, brightest)
    display = (light * target / np.maximum(brightest, 1e-9)) ** (1 / SDR_GAMMA)
    return ImageFilter.Color3DLUT(LUT_SIZE, np.clip(display, 0, 1).astype(np.float32).reshape(-1, 3))
