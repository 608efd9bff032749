"""The loss keeps the algebra of targets and velocities."""

from __future__ import annotations

import pytest
import torch

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Level, Schedule
from ddpm.training.dice import Dice
from ddpm.training.loss import SNR_LIMIT, Loss, usual_kind, usual_times

SCHEDULES = {"flow": Schedule.flow(), "cosine": Schedule.cosine(), "linear": Schedule.linear()}


def drawn(seed: int = 0) -> tuple[torch.Tensor, Dice]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((6, 3, 8, 8), generator=generator) * 2 - 1, Dice(seed, 0, 6, range(6))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("target", list(Target))
def test_a_network_that_is_right_has_no_loss_and_x_t_is_on_the_path(target: Target, schedule: str) -> None:
    x0, dice = drawn()
    loss = Loss(target, SCHEDULES[schedule], "velocity", None)
    noisy = loss.noisy(x0, dice)
    assert loss.of(noisy.target, noisy) == 0
    last = len(SCHEDULES[schedule].alphas_bar) - 1
    assert noisy.t.min() >= 0 and noisy.t.max() <= (1 if schedule == "flow" else last)
    for i in range(len(x0)):  # the sampler's own reading of a right output gives back x0
        level = Level(0.0, noisy.alpha[i].item(), noisy.sigma[i].item())
        read = target.read(noisy.target[i : i + 1], noisy.x_t[i : i + 1], level)
        if level.alpha > 0.05:
            assert torch.allclose(read.x0, x0[i : i + 1], atol=1e-3)


@pytest.mark.parametrize("kind", ["velocity", "min_snr", "p2"])
@pytest.mark.parametrize("schedule", ["flow", "cosine"])
def test_the_same_wrong_x0_costs_the_same_whatever_the_network_predicts(schedule: str, kind: str) -> None:
    costs = []
    for target in Target:
        x0, dice = drawn()
        loss = Loss(target, SCHEDULES[schedule], kind, (0.0, 0.5))
        noisy = loss.noisy(x0, dice)
        wrong = x0 + 0.1
        eps = (noisy.x_t - noisy.alpha * wrong) / noisy.sigma
        level = Level(0.0, noisy.alpha, noisy.sigma)  # type: ignore[arg-type]
        costs.append(loss.of(target.of(wrong, eps, level), noisy).item())
    assert costs == pytest.approx([costs[0]] * len(costs), rel=1e-3)


def test_the_velocity_loss_of_an_x0_network_is_the_error_of_its_velocity() -> None:
    x0, dice = drawn()
    loss = Loss(Target.X0, Schedule.flow(), "velocity", (0.0, 0.5))
    noisy = loss.noisy(x0, dice)
    guess = x0 + 0.3 * dice.noise((3, 8, 8), stream="guess")
    v, v_guess = (noisy.x_t - x0) / noisy.sigma, (noisy.x_t - guess) / noisy.sigma
    assert loss.of(guess, noisy).item() == pytest.approx(((v - v_guess) ** 2).mean().item(), rel=1e-5)


def test_min_snr_of_eps_is_the_papers_weight() -> None:
    x0, dice = drawn()
    loss = Loss(Target.EPS, Schedule.cosine(), "min_snr", None)
    noisy = loss.noisy(x0, dice)
    snr = (noisy.alpha / noisy.sigma) ** 2
    weight = snr.clamp(max=SNR_LIMIT) / snr  # Hang et al. 2023, eq. 7 in terms of eps
    assert loss.of(noisy.target + 0.1, noisy).item() == pytest.approx((0.01 * weight).mean().item(), rel=1e-3)


@pytest.mark.parametrize("target", [Target.EPS, Target.V])
def test_what_is_usual_for_a_network_does_not_lie_in_almost_pure_noise(target: Target) -> None:
    """`velocity` of eps with times that lean to noise, which is for flow, has 96 % of its weight there."""

    def share(kind: str, times: tuple[float, float] | None) -> float:
        loss = Loss(target, SCHEDULES["linear"], kind, times, stratified=True)
        noisy = loss.noisy(torch.zeros(2000, 1, 1, 1), Dice(0, 0, 2000, range(2000)))
        weight = (torch.ones_like(noisy.alpha) * loss._weight(noisy.alpha, noisy.sigma)).flatten()
        return float(weight[noisy.alpha.flatten() ** 2 < 0.01].sum() / weight.sum())

    assert share(usual_kind(target), usual_times(SCHEDULES["linear"])) < 0.6
    assert target is not Target.EPS or share("velocity", (0.6, 0.8)) > 0.9
    assert usual_times(SCHEDULES["flow"]) == (0.6, 0.8) and usual_kind(Target.X0) == "velocity"


def test_logit_normal_times_have_their_median() -> None:
    loss = Loss(Target.X0, Schedule.flow(), "velocity", (0.6, 0.8))
    noisy = loss.noisy(torch.zeros(4000, 1, 1, 1), Dice(1, 0, 4000, range(4000)))
    assert noisy.t.median().item() == pytest.approx(torch.tensor(0.6).sigmoid().item(), abs=0.02)


def test_p2_of_eps_is_the_papers_weight() -> None:
    x0, dice = drawn()
    loss = Loss(Target.EPS, Schedule.cosine(), "p2", None)
    noisy = loss.noisy(x0, dice)
    snr = (noisy.alpha / noisy.sigma) ** 2
    weight = 1 / (1 + snr)  # Choi et al. 2022, eq. 8: lambda' / lambda with k = gamma = 1
    assert loss.of(noisy.target + 0.1, noisy).item() == pytest.approx((0.01 * weight).mean().item(), rel=1e-3)


def test_the_subject_weighs_more_and_the_picture_as_much_as_before() -> None:
    x0, dice = drawn()
    plain, weighted = (Loss(Target.X0, Schedule.flow(), "plain", None, k) for k in (0.0, 3.0))
    noisy, mask = plain.noisy(x0, dice), torch.zeros(6, 8, 8)
    mask[:, 2:4, 2:6] = 1  # 8 of 64 pixels
    everywhere, inside = noisy.target + 0.1, noisy.target + 0.1 * mask[:, None]
    assert weighted.of(everywhere, noisy, mask).item() == pytest.approx(
        plain.of(everywhere, noisy, mask).item(), rel=1e-4
    )
    share = 8 * 4 / (8 * 4 + 56)  # of the weight that lies on the subject
    assert weighted.of(inside, noisy, mask).item() == pytest.approx(0.01 * share, rel=1e-4)
    assert weighted.of(inside, noisy).item() == plain.of(inside, noisy).item()


def test_below_the_floor_of_sigma_an_error_weighs_no_more() -> None:
    torch.manual_seed(0)
    x0, output = torch.randn(4, 3, 8, 8), torch.randn(4, 3, 8, 8)
    for mean, same in ((-3.0, False), (3.0, True)):  # sigma near 0.05, then near 0.95
        low, high = (Loss(Target.X0, Schedule.flow(), "velocity", (mean, 0.1), sigma_floor=f) for f in (0.01, 0.3))
        noisy = low.noisy(x0, Dice(0, 0, 4, range(4)))
        one, other = float(low.of(output, noisy)), float(high.of(output, noisy))
        assert (one == other) == same and one >= other
        if not same:
            assert one / other == pytest.approx(float((0.3**2 / noisy.sigma**2).mean()), rel=0.2)


@pytest.mark.parametrize("target", list(Target))
def test_the_perceptual_part_compares_the_implied_x0_by_the_signals_share(target: Target) -> None:
    x0, dice = drawn()
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        seen.append((a, b))
        return torch.full((len(a),), 2.0)

    loss = Loss(target, Schedule.flow(), "plain", (0.0, 0.5), 0.0, (0.25, distance))
    noisy = loss.noisy(x0, dice)
    assert loss.of(noisy.target, noisy).item() == pytest.approx(0.25 * 2 * (noisy.alpha**2).mean().item(), rel=1e-4)
    assert torch.allclose(seen[0][0], x0, atol=1e-3) and seen[0][1] is x0


def test_the_perceptual_part_counts_between_two_shares_of_noise_and_costs_nothing_elsewhere() -> None:
    x0, dice = drawn()
    asked: list[int] = []

    def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        asked.append(len(a))
        return torch.full((len(a),), 2.0)

    loss = Loss(Target.X0, Schedule.flow(), "plain", None, 0.0, (0.25, distance), perceptual_between=(0.3, 0.75))
    noisy = loss.noisy(x0, dice)
    inside = int(((noisy.t > 0.3) & (noisy.t < 0.75)).sum())
    assert 0 < inside < 6
    assert loss.of(noisy.target, noisy).item() == pytest.approx(0.25 * 2 * inside / 6) and asked == [inside]
    quiet = Loss(Target.X0, Schedule.flow(), "plain", (-3.0, 0.1), 0.0, loss.perceptual, perceptual_between=(0.3, 0.75))
    noisy = quiet.noisy(x0, drawn()[1])
    assert quiet.of(noisy.target, noisy).item() == 0 and asked == [inside]


@pytest.mark.parametrize("times", [None, (0.6, 0.8)])
def test_stratified_times_are_as_likely_and_vary_less(times: tuple[float, float] | None) -> None:
    """A batch has one time in every 32nd of their distribution; over many batches they are the same times."""
    means, every = {}, {}
    for stratified in (False, True):
        loss = Loss(Target.X0, Schedule.flow(), "velocity", times, stratified=stratified)
        drawn = [loss.noisy(torch.zeros(32, 1, 1, 1), Dice(1, 32 * i, 32, range(32))).t for i in range(200)]
        means[stratified] = torch.stack([t.mean() for t in drawn]).std()
        every[stratified] = torch.cat(drawn).sort().values
        if stratified:
            share = drawn[0] if times is None else torch.special.ndtr((drawn[0].logit() - times[0]) / times[1])
            assert sorted((share * 32).floor().int().tolist()) == list(range(32))
            assert drawn[0].sort().values.ne(drawn[0]).any()  # not in the order of the pictures
    assert means[True] < 0.2 * means[False]
    assert (every[True] - every[False]).abs().max() < 0.05


@pytest.mark.parametrize("times", [None, (0.0, 1.2)])
@pytest.mark.parametrize("stratified", [False, True])
def test_a_second_networks_times_are_those_of_the_whole_way_in_its_last_part(
    times: tuple[float, float] | None, stratified: bool
) -> None:
    whole, part = (
        Loss(Target.X0, Schedule.flow(), "velocity", times, stratified=stratified, below=below).noisy(*drawn())
        for below in (1.0, 0.4)
    )
    assert torch.allclose(part.t, 0.4 * whole.t) and part.t.max() < 0.4
    assert torch.equal(part.sigma.flatten(), part.t) and torch.allclose(part.alpha + part.sigma, torch.ones(()))


def test_the_strata_are_of_the_batch_however_it_is_cut() -> None:
    whole = Dice(3, 64, 16, range(16)).strata()
    parts = [Dice(3, 64, 16, range(start, start + 4)).strata() for start in range(0, 16, 4)]
    assert torch.equal(torch.cat(parts), whole) and not torch.equal(Dice(3, 80, 16, range(16)).strata(), whole)


def test_on_a_table_every_time_is_drawn_and_shares_of_noise_are_its_own() -> None:
    x0 = torch.zeros(4000, 1, 1, 1)
    loss = Loss(Target.X0, Schedule.of_betas([0.3] * 4), "plain", None, stratified=True)
    noisy = loss.noisy(x0, Dice(0, 0, 4000, range(4000)))
    assert torch.bincount(noisy.t.long()).tolist() == [1000] * 4
    asked: list[int] = []

    def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        assert a.abs().max() <= 1
        asked.append(len(a))
        return torch.ones(len(a))

    for between in ((0.4, 0.6), None):
        loss = Loss(Target.X0, loss.schedule, "plain", None, 0.0, (1.0, distance), stratified=True,
                    perceptual_between=between)  # fmt: skip
        loss.of(torch.full_like(x0, 3.0), noisy)
    shares = [level.sigma / (level.alpha + level.sigma) for level in map(loss.schedule.level, range(4))]
    assert asked == [1000 * sum(0.4 < share < 0.6 for share in shares), 4000] and 0 < asked[0] < 4000


def test_min_snr_is_limited_at_five() -> None:
    assert SNR_LIMIT == 5  # Hang et al. 2023, table 1
