"""The times that diffusers' scheduler of the same name visits, for every sampler and spacing."""

from __future__ import annotations

import numpy as np
import pytest

from ddpm.diffusion.spacing import GRIDS, PLAIN
from tests.schedulers import SCHEDULERS

# diffusers hands torch tensors to numpy in ways numpy 2 warns about; nothing of ours
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")


def visited(name: str, steps: int, **config) -> list[float]:
    """The times of diffusers' scheduler, those of a step that asks twice once."""
    if name == "pndm":
        config["skip_prk_steps"] = True
    scheduler = SCHEDULERS[name](**config)
    scheduler.set_timesteps(steps)
    return list(dict.fromkeys(scheduler.timesteps.tolist()))


def test_every_grid_is_tested():
    assert SCHEDULERS.keys() == {name for name, grid in GRIDS.items() if grid is not PLAIN}


@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_times_are_diffusers(name, spacing):
    for steps in (1, 2, 3, 6, 7, 8, 9, 20, 30, 49, 50, 150, 333):
        if name == "lcm" and steps > 50 or name == "pndm" and steps == 1:  # diffusers has none
            continue
        ours = GRIDS[name].times(1000, steps, spacing, steps_offset=1)
        theirs = visited(name, steps, timestep_spacing=spacing, steps_offset=1)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=f"{steps} steps")


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_folder_that_names_no_spacing_has_the_schedulers_own(name):
    own = GRIDS[name].chosen(None)
    assert name == "lcm" or SCHEDULERS[name]().config.timestep_spacing == own
    assert GRIDS[name].chosen("leading") == "leading"
    knows_karras = "use_karras_sigmas" in SCHEDULERS[name]().config
    assert GRIDS[name].chosen("karras") == ("karras" if knows_karras else own)


def test_eight_steps_of_a_thousand_times():
    assert GRIDS["dpmpp_2m"].times(1000, 8, "linspace") == [999, 874, 749, 624, 500, 375, 250, 125]
    assert GRIDS["dpmpp_2m"].times(1000, 8, "leading", 1) == [889, 778, 667, 556, 445, 334, 223, 112]
    assert GRIDS["lcm"].times(1000, 8, "karras") == [999, 879, 759, 639, 499, 379, 259, 139]
    assert PLAIN.times(1000, 8, "linspace") == [999, 856, 714, 571, 428, 285, 143, 0]


@pytest.mark.parametrize("T", [4, 49, 50, 1000])
@pytest.mark.parametrize("name", GRIDS)
def test_any_number_of_steps_of_any_table_falls(name, T):
    for spacing in ("leading", "trailing", "linspace"):
        for steps in (1, 2, T - 1, T, T + 1, 3 * T):
            times = GRIDS[name].times(T, steps, spacing, steps_offset=1)
            assert len(times) == steps and times == sorted(set(times), reverse=True)
            assert 0 <= times[-1] <= times[0] <= T - 1
