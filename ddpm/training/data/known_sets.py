"""CelebA, CIFAR-10 and Caltech-101 as torchvision lays them out. Copies that are here are used as they are; they are
fetched (by torchvision, which checks what it gets) only when data.download says so.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from ddpm.compat import ensure_torchvision
from ddpm.errors import Missing
from ddpm.training.config import Data
from ddpm.training.data.archives import read_archives
from ddpm.training.data.folders import read_folder
from ddpm.training.data.pictures import Pictures, resized
from ddpm.training.data.shelf import Shelf

ROOT = Path("data")  # where data.path says nothing
# kind -> its class in torchvision, what is fetched, the folders a copy may have, the archives it may be in
PLACES: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "celeba": (
        "CelebA", "1.4 GB", ("celeba/img_align_celeba", "img_align_celeba"),
        ("celeba/img_align_celeba.zip", "img_align_celeba.zip"),
    ),
    "caltech101": (
        "Caltech101", "140 MB", ("caltech101/101_ObjectCategories", "101_ObjectCategories"),
        ("caltech101/101_ObjectCategories.tar.gz", "101_ObjectCategories.tar.gz"),
    ),
}  # fmt: skip


def read_celeba(data: Data) -> Pictures:
    """202,599 faces without captions; the centre square of 178 of the aligned 178 x 218."""
    return _folder_or_archive(data.model_copy(update={"captions": False}))


def read_caltech101(data: Data) -> Pictures:
    """About 9,000 pictures; the names of their class folders are their captions. data.classes: [airplanes], say."""
    return _folder_or_archive(data)


def read_cifar10(data: Data) -> Pictures:
    """The 50,000 training pictures; the names of their classes are their captions."""
    root = data.path[0] if data.path else ROOT
    try:
        taken: Any = _torchvision("CIFAR10")(str(root), train=True, download=data.download)
    except RuntimeError as error:  # what torchvision says of a set that is absent or damaged
        raise Missing(
            f"CIFAR-10 is not in {root / 'cifar-10-batches-py'} or not whole; put it there, or set data.download: true."
        ) from error
    except OSError as error:  # no network, a full disk
        raise Missing(f"CIFAR-10 could not be fetched into {root} ({error}); try again or put a copy there.") from error
    wanted = [i for i, label in enumerate(taken.targets) if not data.classes or taken.classes[label] in data.classes]
    shelf = Shelf(data, len(wanted), data.cache)
    for i in wanted[shelf.continued([str(i) for i in wanted]) :]:
        shelf.add(str(i), resized(taken.data[i], data), [taken.classes[taken.targets[i]]])
    return shelf.pictures()


def _folder_or_archive(data: Data) -> Pictures:
    name, size, folders, archives = PLACES[data.kind]
    root = data.path[0] if data.path else ROOT
    found = _found(root, folders, archives)
    if found is None and data.download:
        try:
            _torchvision(name)(str(root), download=True)
        except Exception as error:  # networks, quotas, checksums: the reason is what matters
            raise Missing(
                f"{name} could not be fetched into {root} ({error}); try again or put a copy there."
            ) from error
        found = _found(root, folders, archives)
    if found is None:
        raise Missing(
            f"{name} is not in {root} (looked for {', '.join(folders + archives)}); copy it there, name its place in "
            f"data.path, or set data.download: true ({size})."
        )
    return read_folder(data, [found]) if found.is_dir() else read_archives(data, [found])


def _found(root: Path, folders: tuple[str, ...], archives: tuple[str, ...]) -> Path | None:
    return next((path for path in (root / name for name in folders + archives) if path.exists()), None)


def _torchvision(name: str) -> Any:
    ensure_torchvision()
    try:
        return getattr(importlib.import_module("torchvision.datasets"), name)
    except ModuleNotFoundError as error:
        raise Missing(f"{name} is read and fetched through torchvision: pip install torchvision") from error


__all__ = ["read_caltech101", "read_celeba", "read_cifar10"]
