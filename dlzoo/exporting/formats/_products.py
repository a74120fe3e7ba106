"""How this processor multiplies numbers of 8 bits."""

import platform
from pathlib import Path

_FLAGS = ("avx512_vnni", "avx_vnni", "amx_int8")


def sums_in_32_bits() -> bool:
    """Whether products of 8 bits are summed in 32: VNNI, AMX, and processors of ARM.

    Older ones of Intel and AMD sum two in 16 bits, where an unsigned activation times a
    signed weight of 8 bits may saturate. Where it is not known, it is said not to be so.
    """
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return True
    info = Path("/proc/cpuinfo")
    return info.exists() and any(flag in info.read_text() for flag in _FLAGS)
