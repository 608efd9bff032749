"""What others would do with the same weights: the plain loops of diffusers, written as its pipelines write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ddpm.compat import ensure_torchvision
from ddpm.diffusion.schedule import Level
from ddpm.images import to_image
from ddpm.models.model import Model, Network, Text, join


@torch.no_grad()
def flow_heun(
    model: Model, network: Network, levels: Sequence[Level], prompt: str | None, scale: float, seed: int
) -> Image.Image:
    """FlowMatchHeunDiscreteScheduler on an x0 network of the flow path, with classifier-free guidance in one batch."""
    ensure_torchvision()
    from diffusers import FlowMatchHeunDiscreteScheduler

    scheduler: Any = FlowMatchHeunDiscreteScheduler()
    scheduler.set_timesteps(len(levels) - 1)
    sigmas = torch.tensor([level.sigma for level in levels])  # our stations; its own end at 1/1000 before 0
    scheduler.sigmas = torch.cat([sigmas[:1], sigmas[1:-1].repeat_interleave(2), sigmas[-1:]])
    times = sigmas[:-1] * scheduler.config.num_train_timesteps
    scheduler.timesteps = torch.cat([times[:1], times[1:].repeat_interleave(2)])
    text = _prompts(model, prompt, scale)
    shape = model.latent_shape(model.card.size, model.card.size)
    x = torch.randn((1, *shape), generator=torch.Generator("cpu").manual_seed(seed))
    for t in scheduler.timesteps:
        sigma = float(t) / scheduler.config.num_train_timesteps
        x = scheduler.step(_velocity(network, x, sigma, text, scale), t, x).prev_sample
    return to_image(model.codec.decode(x))


@torch.no_grad()
def flow_ancestral(
    model: Model, network: Network, levels: Sequence[Level], prompt: str | None, scale: float, seed: int
) -> Image.Image:
    """EulerAncestralDiscreteScheduler on an x0 network of the flow path, which in x / alpha is a path of its kind.

    The first step begins where alpha is 0, and x / alpha infinite: it is FlowMatchEulerDiscreteScheduler's stochastic
    one, which from there is the same. Its other steps are not: they keep nothing of the noise that was there.
    """
    ensure_torchvision()
    from diffusers import EulerAncestralDiscreteScheduler, FlowMatchEulerDiscreteScheduler

    first: Any = FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)
    first.set_timesteps(sigmas=[level.sigma for level in levels[:2]])
    rest: Any = EulerAncestralDiscreteScheduler()
    rest.set_timesteps(max(1, len(levels) - 2))
    rest.sigmas = torch.tensor([level.sigma / level.alpha for level in levels[1:]])
    rest.timesteps = torch.tensor([level.t for level in levels[1:-1]])
    rest.is_scale_input_called = True  # its input is scaled by us, by alpha
    text, generator = _prompts(model, prompt, scale), torch.Generator("cpu").manual_seed(seed)
    x = torch.randn((1, *model.latent_shape(model.card.size, model.card.size)), generator=generator)
    velocity = _velocity(network, x, levels[0].sigma, text, scale)
    x = first.step(velocity, first.timesteps[0], x, generator=generator).prev_sample
    for now, then, t in zip(levels[1:-1], levels[2:], rest.timesteps, strict=True):
        eps = x + now.alpha * _velocity(network, x, now.sigma, text, scale)
        x = then.alpha * rest.step(eps, t, x / now.alpha, generator=generator).prev_sample
    return to_image(model.codec.decode(x))


def _prompts(model: Model, prompt: str | None, scale: float) -> Text | None:
    if model.text is None or prompt is None:
        return None
    cond = model.text.encode([prompt])
    return cond if scale == 1 else join(model.text.encode([""]), cond)


def _velocity(network: Network, x: Tensor, sigma: float, text: Text | None, scale: float) -> Tensor:
    pair = text is not None and scale != 1
    batch = torch.cat([x, x]) if pair else x
    velocity = (batch - network(batch, sigma, text).clamp(-1, 1)) / sigma
    if not pair:
        return velocity
    uncond, cond = velocity.chunk(2)
    return uncond + scale * (cond - uncond)


def ddim_guided(network: Network, levels: Sequence[Level], x: Tensor, target: Tensor, through_network: bool) -> Tensor:
    """DDIMScheduler on an eps network; with a gradient of the distance to a face, through the network, at each step."""
    ensure_torchvision()
    from diffusers import DDIMScheduler

    scheduler: Any = DDIMScheduler(beta_schedule="linear")
    scheduler.set_timesteps(len(levels) - 1)
    for t in scheduler.timesteps:
        with torch.set_grad_enabled(through_network):
            x = x.detach().requires_grad_(through_network)
            eps = network(x, float(t), None)
            gradient: Tensor | float = 0.0
            if through_network:
                alpha_bar = scheduler.alphas_cumprod[t]
                x0 = (x - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()
                (gradient,) = torch.autograd.grad(alpha_bar * (x0 - target).square().mean(), x)  # or it would overshoot
        x = scheduler.step(eps.detach(), t, x.detach()).prev_sample - gradient
    return x
