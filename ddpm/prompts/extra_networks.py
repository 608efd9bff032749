"""`<lora:ink:0.8>` in a prompt: small networks that AUTOMATIC1111 adds to the model. They are not supported here.

Read as words they would only disturb the picture, so they are taken out, and whoever wrote them is told.
"""

from __future__ import annotations

import re

TITLES = {"lora": "LoRA", "lyco": "LyCORIS", "hypernet": "Hypernetwork"}
_TAG = re.compile(rf"<({'|'.join(TITLES)}):([^<>]*)>", re.IGNORECASE)
_GAP = re.compile(r"[ \t]+(?=[ \t,:|\])])")  # what a tag leaves between words and before marks
_COMMAS = re.compile(r",+(?=,)")


def without_networks(prompt: str) -> tuple[str, list[str]]:
    """The prompt as it goes on without them, and each as 'LoRA: ink:0.8'."""
    found = [f"{TITLES[kind.lower()]}: {name}" for kind, name in _TAG.findall(prompt)]
    if not found:
        return prompt, []
    return _COMMAS.sub("", _GAP.sub("", _TAG.sub("", prompt))).strip().rstrip(", \t"), found


def sentences(prompt: str) -> list[str]:
    """One for each of them: that it is left out."""
    return [f"{each} is not supported and is left out of the prompt." for each in without_networks(prompt)[1]]
