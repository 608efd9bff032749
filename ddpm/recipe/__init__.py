"""What a picture's file says about how it was made: written for us and for other tools, read from the big systems.

`writing` makes our own lossless JSON and AUTOMATIC1111's text, `reading` looks for any known grammar (one file each),
`texts` gets the text out of PNG, JPEG and WebP files, `stripping` takes it out of them. Nothing read is ever evaluated.
"""

from ddpm.recipe.reading import NONE, read_recipe, read_texts
from ddpm.recipe.samplers import THEIR_SAMPLERS
from ddpm.recipe.stripping import strip
from ddpm.recipe.writing import parameters, recipe, request_from, save_picture, save_png

__all__ = ["NONE", "THEIR_SAMPLERS", "parameters", "read_recipe", "read_texts", "recipe", "request_from",
           "save_picture", "save_png", "strip"]  # fmt: skip
