"""One module per command of `python -m ddpm`: HELP, arguments(parser) and run(given) -> exit code.

A module imports what it needs when it runs, so that --help is immediate. Commands with many arguments of their own
(PASSED_ON in ddpm/__main__.py) parse them where they are built.
"""
