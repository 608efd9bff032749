"""What is posted to /generate, as a request: null is not given, and any name of a field gets an answer in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ddpm.engine import Engine
from ddpm.errors import BadRequest
from ddpm.request import Request
from ddpm.ui.routes import request_of


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["image", "mask", "fps", "format", "film", "image_size", "model", "num_steps", "seed"])
def test_null_means_not_given(engine: Engine, name: str) -> None:
    assert request_of(engine, {"prompt": "a lake", name: None}) == Request(prompt="a lake")


@pytest.mark.parametrize("name", ["names", "cls", "self", "values"])
def test_no_name_is_taken_for_one_of_ours(engine: Engine, name: str) -> None:
    with pytest.raises(BadRequest, match=f"'{name}' is not a setting"):
        request_of(engine, {"prompt": "a lake", name: 1})


@pytest.mark.parametrize(("sent", "read"), [("1", 1), ("2", 2), ("4", 4), (4, 4)])
def test_enlarging_may_come_as_text_as_in_an_address(engine: Engine, sent: Any, read: int) -> None:
    assert request_of(engine, {"prompt": "a lake", "upscale": sent}).upscale == read


@pytest.mark.parametrize("sent", ["3", "two", "", "2.5", "9" * 5000, 3])
def test_other_enlarging_is_refused(engine: Engine, sent: Any) -> None:
    with pytest.raises(BadRequest, match="upscale is .*, but must be one of 1, 2, 4"):
        request_of(engine, {"prompt": "a lake", "upscale": sent})
