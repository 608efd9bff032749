"""SD.Next's text: AUTOMATIC1111's keys in another order, samplers also as classes of diffusers, maybe all in one line.

(modules/infotext.py, processing_info.py)
"""

from __future__ import annotations

import re

from ddpm.recipe import automatic1111
from ddpm.recipe.found import Found, line

START = re.compile(r"(?:^|\s)(Steps: \d)")
SILENT = ("App", "Pipeline", "Operations")


def read(texts: dict[str, str]) -> Found | None:
    """The `parameters` chunk, if it says SD.Next or holds its pairs inside a line."""
    text = texts.get("parameters", "").strip()
    begins = [match.start(1) for match in START.finditer(text)]
    if not begins:
        return None
    at = next((begin for begin in reversed(begins) if begin == 0 or text[begin - 1] == "\n"), begins[-1])
    if "App: SD.Next" not in text[at:] and (at == 0 or text[at - 1] == "\n"):
        return None  # AUTOMATIC1111's own
    told = automatic1111.pairs(" ".join(text[at:].split("\n")))
    if len(told) < 3:
        return None
    scheduler = told.pop("Scheduler", "")
    if scheduler and told.get("Sampler", "Default") == "Default":
        told["Sampler"] = scheduler
    operations = told.get("Operations", "")
    fields, unread = automatic1111.translated({key: value for key, value in told.items() if key not in SILENT})
    if "strength" in fields and operations and not re.search("img2img|inpaint", operations):
        unread.append(line("Denoising strength", fields.pop("strength")))
        del fields["mode"], fields["needs"]
    head, mark, tail = text[:at].partition(automatic1111.NEGATIVE)
    prompts = {"prompt": head.strip()} | ({"negative_prompt": tail.strip()} if mark else {})
    return Found(prompts | fields, unread)
