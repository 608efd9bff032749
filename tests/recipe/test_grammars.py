"""Pictures of other programs fill our fields, and say what they could not. Texts are as those programs write them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from ddpm.recipe import read_recipe, read_texts, request_from
from ddpm.recipe.compel import from_compel
from ddpm.recipe.samplers import NEAREST, SAME, model_named, sampler_named
from ddpm.request import SAMPLER_NAMES, Request

# ruff: noqa: E501  (the programs write long lines)
PICTURE = Image.effect_noise((16, 8), 90).convert("RGB")

FORGE = """A cat, sitting
Negative prompt: dog
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x640, Model hash: d8722b4a4d, Model: vaedancer, Denoising strength: 0.7, Hires upscale: 2, Hires upscaler: Latent, Lora hashes: "a: 1, b: 2", Version: f0.0.17"""
SDCPP = """a lovely cat
Negative prompt: ugly, tiling
Steps: 20, CFG scale: 7.000000, Guidance: 3.500000, Eta: 0.000000, Seed: 42, Size: 512x512, Model: sd-v1-4.ckpt, RNG: cuda, Sampler: euler_a karras, Version: stable-diffusion.cpp, SDCPP: {"width": 1, "list": [1, 2], "prompt": "Steps: 9, Seed: 9, Size: 9x9"}"""
SDNEXT = (
    "a lighthouse at dusk Negative prompt: fog Steps: 30, Size: 1024x768, Sampler: Default, Scheduler: "
    "EulerAncestralDiscreteScheduler, Seed: 77, CFG scale: 6, App: SD.Next, Version: 0a1b2c3, Pipeline: "
    "StableDiffusionXLPipeline, Operations: txt2img, Model: sd_xl_base"
)
COMFY: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {
        "seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "dpmpp_2m", "scheduler": "karras",
        "denoise": 1.0, "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15\\v1-5-pruned.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["12", 0], "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["10", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "strength_model": 0.8,
                                                  "model": ["4", 0], "clip": ["4", 1]}},
    "12": {"class_type": "PrimitiveString", "inputs": {"value": "a glass bottle, (purple galaxy:1.2)"}},
}  # fmt: skip
INVOKE = {
    "generation_mode": "txt2img", "positive_prompt": "a (red fox)1.3 in snow++", "negative_prompt": "blur--",
    "width": 512, "height": 512, "seed": 3, "rand_device": "cpu", "cfg_scale": 7.5, "cfg_rescale_multiplier": 0,
    "steps": 30, "scheduler": "dpmpp_3m_k", "clip_skip": 0, "seamless_x": False, "vae": None,
    "model": {"key": "x", "hash": "blake3:1", "name": "Dreamshaper 8", "base": "sd-1", "type": "main"},
    "app_version": "5.0.0", "loras": [{"model": {"name": "ink"}, "weight": 0.5}],
}  # fmt: skip
FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "juggernautXL_v8", "base_model_hash": "aeb7e9e689", "loras": [],
    "full_prompt": ["a fox, cinematic still"], "guidance_scale": 4, "negative_prompt": "", "performance": "Speed",
    "prompt": "a fox", "refiner_model": "None", "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras", "seed": "7", "sharpness": 2, "steps": 30, "styles": "['Fooocus V2']", "version": "v2.5.0",
}  # fmt: skip


def png(**texts: str) -> bytes:
    chunks, file = PngImagePlugin.PngInfo(), io.BytesIO()
    for key, text in texts.items():
        chunks.add_text(key.replace("__", "-"), text)
    PICTURE.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def test_forge() -> None:
    fields, unread = read_recipe(png(parameters=FORGE))
    assert fields == {
        "prompt": "A cat, sitting", "negative_prompt": "dog", "steps": 20, "sampler": "dpmpp_2m", "guidance_scale": 7,
        "seed": 965400086, "width": 512, "height": 640, "model": "vaedancer",
    }  # fmt: skip
    assert unread == ["Schedule type: Karras", "Hires upscale: 2", "Hires upscaler: Latent", "Lora hashes: a: 1, b: 2",
                      "Denoising strength: 0.7"]  # fmt: skip


def test_stable_diffusion_cpp() -> None:
    fields, unread = read_recipe(png(parameters=SDCPP))
    assert fields == {
        "prompt": "a lovely cat", "negative_prompt": "ugly, tiling", "steps": 20, "guidance_scale": 7, "seed": 42,
        "width": 512, "height": 512, "model": "sd-v1-4", "sampler": "euler_ancestral",
    }  # fmt: skip
    assert unread == ["Guidance: 3.500000", "RNG: cuda", "Schedule type: karras"]


def test_sdnext_in_one_line_with_a_class_of_diffusers() -> None:
    fields, unread = read_recipe(png(parameters=SDNEXT))
    assert fields == {
        "prompt": "a lighthouse at dusk", "negative_prompt": "fog", "steps": 30, "width": 1024, "height": 768,
        "sampler": "euler_ancestral", "seed": 77, "guidance_scale": 6, "model": "sd_xl_base",
    }  # fmt: skip
    assert unread == []


def test_comfyui_from_the_saved_picture_up_the_graph() -> None:
    fields, unread = read_recipe(png(prompt=json.dumps(COMFY), workflow="{}"))
    assert fields == {
        "steps": 20, "guidance_scale": 8.0, "sampler": "dpmpp_2m", "seed": 156680208700286, "model": "v1-5-pruned",
        "prompt": "a glass bottle, (purple galaxy:1.2)", "negative_prompt": "text, watermark", "width": 512,
        "height": 768,
    }  # fmt: skip
    assert unread == ["Schedule type: karras", "Lora: ink.safetensors"]


@pytest.mark.parametrize("denoise", [0.5, 0.6, 0.7, 0.87, 0.3])
@pytest.mark.parametrize(("node", "mode"), [("VAEEncode", "image"), ("VAEEncodeForInpaint", "mask")])
def test_comfyui_spends_all_its_steps_on_the_part_it_re_runs(node: str, mode: str, denoise: float) -> None:
    encode = {"class_type": node, "inputs": {"pixels": ["1", 0], "vae": ["4", 2]}}
    sampler = {**COMFY["3"], "inputs": {**COMFY["3"]["inputs"], "denoise": denoise}}
    graph = {**COMFY, "1": {"class_type": "LoadImage", "inputs": {"image": "me.png"}}, "5": encode, "3": sampler}
    fields, _ = read_texts({"prompt": json.dumps(graph)})
    assert (fields["mode"], fields["steps"]) == (mode, int(20 / denoise))
    assert denoise <= fields["strength"] < denoise + 0.05
    assert fields["needs"] == (["image"] if mode == "image" else ["image", "mask"])
    masks = {"mask": PICTURE.convert("L")} if mode == "mask" else {}
    request = Request.checked(**request_from(fields), image=PICTURE, **masks)
    assert request.steps is not None
    assert int(request.steps * fields["strength"] + 1e-6) == COMFY["3"]["inputs"]["steps"]  # as plan.prepare counts


def test_comfyui_with_a_second_pass_and_with_parts_apart() -> None:
    second = {"class_type": "KSampler", "inputs": {**COMFY["3"]["inputs"], "denoise": 0.4, "latent_image": ["21", 0]}}
    upscaled = {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 1024, "height": 1536}}
    decode = {"class_type": "VAEDecode", "inputs": {"samples": ["20", 0]}}
    fields, unread = read_texts({"prompt": json.dumps({**COMFY, "20": second, "21": upscaled, "8": decode})})
    assert (fields["width"], fields["seed"], "strength" in fields) == (512, 156680208700286, False)
    assert unread[0].startswith("Second pass: {") and '"denoise": 0.4' in unread[0]
    parts = {
        "1": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0],
                                                                "sigmas": ["5", 0], "latent_image": ["6", 0]}},
        "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": 11}},
        "3": {"class_type": "CFGGuider", "inputs": {"cfg": 3.5, "positive": ["7", 0], "negative": ["8", 0]}},
        "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "5": {"class_type": "BasicScheduler", "inputs": {"scheduler": "normal", "steps": 12, "denoise": 1.0}},
        "6": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lake"}},
        "8": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["7", 0]}},
    }  # fmt: skip
    fields, unread = read_texts({"prompt": json.dumps(parts)})
    assert fields == {"steps": 12, "guidance_scale": 3.5, "sampler": "euler", "seed": 11, "prompt": "a lake",
                      "width": 1024, "height": 1024} and not unread  # fmt: skip


def test_comfyui_in_a_webp() -> None:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0110], exif[0x010F] = "prompt:" + json.dumps(COMFY), 'workflow:{"a": 1}'
    PICTURE.save(file, "WEBP", exif=exif)
    assert read_recipe(file.getvalue())[0]["seed"] == 156680208700286


def test_invokeai_with_its_weights_as_ours() -> None:
    fields, unread = read_recipe(png(invokeai_metadata=json.dumps(INVOKE)))
    assert fields == {
        "prompt": "a (red fox:1.3) in (snow:1.21)", "negative_prompt": "(blur:0.81)", "width": 512, "height": 512,
        "seed": 3, "guidance_scale": 7.5, "steps": 30, "sampler": "dpmpp_2m", "model": "Dreamshaper 8",
    }  # fmt: skip
    assert unread == ["Sampler: dpmpp_3m_k; the nearest here is dpmpp_2m.", "Schedule type: Karras",
                      'loras: [{"model": {"name": "ink"}, "weight": 0.5}]']  # fmt: skip
    again, _ = read_texts({"invokeai_metadata": json.dumps(INVOKE | {"generation_mode": "img2img", "strength": 0.6})})
    assert again["mode"] == "image" and again["strength"] == 0.6 and again["needs"] == ["image"]


def test_older_invokeai() -> None:
    image = {"prompt": [{"prompt": "a fox [blurry]", "weight": 1}], "steps": 20, "cfg_scale": 7, "sampler": "k_euler_a",
             "seed": 5, "width": 512, "height": 448, "type": "txt2img"}  # fmt: skip
    fields, _ = read_recipe(png(sd__metadata=json.dumps({"model_weights": "stable-diffusion-1.5", "image": image})))
    want = {"prompt": "a fox", "negative_prompt": "blurry", "steps": 20, "guidance_scale": 7, "seed": 5, "width": 512,
            "height": 448, "sampler": "euler_ancestral"}  # fmt: skip
    assert fields == want | {"model": "stable-diffusion-1.5"}
    dream = '"a fox [blurry]" -s 20 -S 5 -W 512 -H 448 -C 7 -A k_euler_a'
    assert read_recipe(png(Dream=dream))[0] == want
    glued = '"a \\"red\\" fox" -s20 -b1 -S5 -W512 -H448 -C7.5 -mk_lms'
    assert read_recipe(png(Dream=glued))[0] == {"prompt": 'a "red" fox', "negative_prompt": "", "steps": 20, "seed": 5,
        "width": 512, "height": 448, "guidance_scale": 7.5, "sampler": sampler_named("k_lms")[0]}  # fmt: skip


def test_fooocus_in_png_and_jpeg() -> None:
    want = {"prompt": "a fox", "steps": 30, "guidance_scale": 4, "model": "juggernautXL_v8", "seed": 7,
            "sampler": "dpmpp_2m_sde", "width": 1152, "height": 896, "negative_prompt": ""}  # fmt: skip
    fields, unread = read_recipe(png(parameters=json.dumps(FOOOCUS), fooocus_scheme="fooocus"))
    assert fields == want and "styles: ['Fooocus V2']" in unread and "scheduler: karras" in unread
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x9286], exif[0x0131], exif[0x927C] = json.dumps(FOOOCUS), "Fooocus v2.5.0", "fooocus"
    PICTURE.save(file, "JPEG", exif=exif)
    assert read_recipe(file.getvalue())[0] == want


@pytest.mark.parametrize(
    ("compel", "ours"),
    [
        ("a cat", "a cat"),
        ("cat+ dog-", "(cat:1.1) (dog:0.9)"),
        ("(two words)0.5, semi-detached", "(two words:0.5), semi-detached"),
        ("(plain group)", "plain group"),
        ("((deep)1.2 red)++", "((deep:1.2) red:1.21)"),
        (r"a \(bracket\)", r"a \(bracket\)"),
        ("(never closed", "(never closed"),
    ],
)
def test_compel(compel: str, ours: str) -> None:
    assert from_compel(compel) == (ours, [])


def test_compel_functions_are_left_and_told() -> None:
    assert from_compel('("a", "b").blend(0.5, 0.5)')[1]


@pytest.mark.parametrize(
    ("name", "ours", "lost"),
    [
        ("DPM++ 2M Karras", "dpmpp_2m", ["Schedule type: Karras"]),
        ("k_euler_a", "euler_ancestral", []),
        ("EulerDiscreteScheduler", "euler", []),
        ("DPMSolverMultistepScheduler", "dpmpp_2m", []),
        ("uni_pc_bh2", "unipc", []),
        ("DPM++ 3M SDE", "dpmpp_2m_sde", ["Sampler: DPM++ 3M SDE; the nearest here is dpmpp_2m_sde."]),
        ("heun_k", "heun", ["Schedule type: Karras"]),
        ("Quantum", "quantum", []),
    ],
)
def test_samplers(name: str, ours: str, lost: list[str]) -> None:
    assert sampler_named(name) == (ours, lost)


def test_tables_lead_to_samplers_there_are() -> None:
    assert {*SAME.values(), *NEAREST.values()} <= set(SAMPLER_NAMES) and not SAME.keys() & NEAREST.keys()


def test_models_without_folder_and_ending() -> None:
    assert [model_named(name) for name in ("a/b\\v1.5.safetensors", "dream v7", "x.ckpt")] == ["v1.5", "dream v7", "x"]


A1111 = "a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x448, Model: x"


def test_enlarging_by_a_size_is_no_image_to_image() -> None:
    hires = "Denoising strength: 0.7, Hires resize: 1024x896, Hires upscaler: Latent"
    fields, unread = read_texts({"parameters": f"{A1111}, {hires}"})
    assert "mode" not in fields and "strength" not in fields and "Denoising strength: 0.7" in unread


@pytest.mark.parametrize("more", ["Refiner: y, Refiner Steps: 4", 'Hires prompt: "masterpiece, Steps: 5, Seed: 7"'])
def test_steps_within_a_line_begin_no_other_recipe(more: str) -> None:
    fields, _ = read_texts({"parameters": f"{A1111}, {more}, Version: v1.10"})
    assert fields["steps"] == 20 and fields["seed"] == 1 and fields["prompt"] == "a cat" and fields["width"] == 512


def test_an_empty_prompt_is_told() -> None:
    assert read_texts({"parameters": A1111.replace("a cat", "Negative prompt: bad")})[0]["prompt"] == ""
    assert read_texts({"invokeai_metadata": json.dumps(INVOKE | {"positive_prompt": ""})})[0]["prompt"] == ""
