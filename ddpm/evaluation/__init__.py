"""How good a model is, in figures: the judge of scenes, distances in features, the referee of faces, memorisation.

Each measure is a module that knows pictures and numbers only; `evaluate.py` decides which of them apply.
"""
