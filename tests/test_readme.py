"""The README's table "Coming from": one row for every kind of file and every recipe that is read."""

from __future__ import annotations

import re
from pathlib import Path

from ddpm.loading.single_file import FAMILIES
from ddpm.recipe.reading import GRAMMARS

ROOT = Path(__file__).parents[1]
FAMILY_ROWS = {
    "stable_diffusion_file": "AUTOMATIC1111, Forge",
    "diffusion_gen": "DiffusionGen",
    "mini_ddpm": "Diffusion2 (minimal DDPM)",
    "celeba_ddpm": "CelebA DDPM/DDIM repository",
    "lucidrains": "denoising-diffusion-pytorch",
    "openai_unet": "improved-, guided-diffusion",
}
GRAMMAR_ROWS = {
    "automatic1111": "AUTOMATIC1111, Forge",
    "comfyui": "ComfyUI",
    "invokeai": "InvokeAI",
    "fooocus": "Fooocus",
    "stable_diffusion_cpp": "stable-diffusion.cpp, SD.Next",
    "sdnext": "stable-diffusion.cpp, SD.Next",
}


def rows() -> dict[str, list[str]]:
    """The table's rows by their first cell, without its marks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Coming from")[2].partition("\n## ")[0]
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| **")]
    return {re.sub(r"[*`]", "", first).strip(): rest for first, *rest in lines}


def test_every_kind_of_file_and_every_recipe_has_its_row() -> None:
    there = rows()
    assert FAMILY_ROWS.keys() == set(FAMILIES)
    ours = {module.__name__.rpartition(".")[2] for module in GRAMMARS}
    assert GRAMMAR_ROWS.keys() == ours - {"ours"}
    assert {*FAMILY_ROWS.values(), *GRAMMAR_ROWS.values(), "diffusers", "Lightning (model. state dict)"} <= there.keys()


def test_every_row_says_what_to_copy_what_is_the_same_and_what_differs() -> None:
    for name, cells in rows().items():
        assert len(cells) == 3 and all(cell.strip() for cell in cells), name
