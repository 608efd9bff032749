"""Names of samplers, models and schedules elsewhere, as ours."""

from __future__ import annotations

import re
from typing import NamedTuple

THEIR_SAMPLERS = {  # ours -> AUTOMATIC1111's; one that it has not keeps our name
    "ddpm": "DDPM", "ddim": "DDIM", "euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "deis": "DEIS",
    "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_sde": "DPM++ 2M SDE", "unipc": "UniPC", "pndm": "PLMS", "lcm": "LCM",
}  # fmt: skip
# Names as `_plain` makes them -> ours. The same method, whatever a program or a class of diffusers calls it.
SAME = {
    "ddpm": "ddpm", "ddim": "ddim", "ddimtrailing": "ddim", "euler": "euler", "eulera": "euler_ancestral",
    "eulerancestral": "euler_ancestral", "heun": "heun", "deis": "deis", "deismultistep": "deis",
    "dpmpp2m": "dpmpp_2m", "dpmsolvermultistep": "dpmpp_2m", "dpmpp2msde": "dpmpp_2m_sde",
    "dpmpp2msdegpu": "dpmpp_2m_sde", "unipc": "unipc", "unipcbh2": "unipc", "unipcmultistep": "unipc",
    "plms": "pndm", "pndm": "pndm", "lcm": "lcm",
}  # fmt: skip
# What is not built here -> the nearest that is: of the same order and as random.
NEAREST = {
    "lms": "dpmpp_2m", "dpm2": "heun", "kdpm2": "heun", "dpm2a": "euler_ancestral", "kdpm2a": "euler_ancestral",
    "dpm2ancestral": "euler_ancestral", "kdpm2ancestral": "euler_ancestral", "dpmpp2mv2": "dpmpp_2m",
    "dpmpp2msdeheun": "dpmpp_2m_sde", "dpmpp2msdeheungpu": "dpmpp_2m_sde", "dpmpp2sa": "dpmpp_2m_sde",
    "dpmpp2sancestral": "dpmpp_2m_sde", "dpmpp2s": "dpmpp_2m", "dpmsolversinglestep": "dpmpp_2m",
    "dpmppsde": "dpmpp_2m_sde", "dpmppsdegpu": "dpmpp_2m_sde", "dpmsolversde": "dpmpp_2m_sde", "dpmpp3m": "dpmpp_2m",
    "dpmpp3msde": "dpmpp_2m_sde", "dpmpp3msdegpu": "dpmpp_2m_sde", "dpmfast": "dpmpp_2m", "dpmadaptive": "dpmpp_2m",
    "restart": "dpmpp_2m", "heunpp2": "heun", "ipndm": "dpmpp_2m", "ipndmv": "dpmpp_2m", "ddimcfgpp": "ddim",
    "tcd": "lcm", "edm": "heun",
}  # fmt: skip
_SCHEDULE = re.compile(
    r"[ _](karras|exponential|polyexponential|sgm[ _]uniform|discrete|simple|beta|ays|gits|kl[ _]optimal|k)$"
)
_FILE = re.compile(r"\.(safetensors|ckpt|pth?|bin|gguf)$", re.IGNORECASE)


class Named(NamedTuple):
    """A sampler's name elsewhere, understood as far as possible."""

    sampler: str  # ours; what it was, in lower case, where nothing here is like it
    unread: list[str]  # sentences about what got lost


def sampler_named(name: str) -> Named:
    """Our sampler for another program's name, which may carry a schedule ("DPM++ 2M Karras", "euler_a karras")."""
    plain, unread = name.strip().lower(), []
    if schedule := _SCHEDULE.search(plain):
        plain = plain[: schedule.start()]
        said = name.strip()[schedule.start() + 1 :]
        unread.append(f"Schedule type: {'Karras' if said == 'k' else said}")
    key = _plain(plain)
    if key in SAME:
        return Named(SAME[key], unread)
    if key in NEAREST:
        return Named(NEAREST[key], [f"Sampler: {name.strip()}; the nearest here is {NEAREST[key]}.", *unread])
    return Named(plain, unread)


def model_named(file: str) -> str:
    """A model's name out of a file name: neither folders nor the ending."""
    return _FILE.sub("", re.split(r"[\\/]", file.strip())[-1])


def _plain(name: str) -> str:
    """'k_euler_a', 'Euler a' and 'EulerAScheduler' are one name; so are diffusers' 'EulerDiscrete' and 'Euler'."""
    key = re.sub(r"[\s_\-]", "", name.replace("++", "pp"))
    key = re.sub(r"(discrete)?(inverse)?(scheduler)?$", "", key)
    return key[1:] if key[:1] == "k" and key[1:] in SAME | NEAREST else key
