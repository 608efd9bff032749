"""Other programs' HTTP, each below its own address: thin translations to a Request, as their front ends send them.

A module has `routes(engine)`: the paths, names and answers of one program. What it cannot do here, it says.
"""
