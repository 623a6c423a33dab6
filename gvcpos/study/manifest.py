"""The manifest: what went in, with checksums, what came out, and with which versions."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gvcpos import __version__
from gvcpos._core.files import sha256

_LIBRARIES = [
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "statsmodels",
    "linearmodels",
    "libpysal",
    "esda",
    "spreg",
    "geopandas",
    "shapely",
    "formulaic",
    "pydantic",
    "matplotlib",
]


def spec_hash(spec: BaseModel) -> str:
    """Return the SHA-256 of a specification's canonical JSON."""
    text = json.dumps(spec.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def make_manifest(
    spec: BaseModel,
    inputs: Mapping[str, Path],
    folder: Path,
    *,
    name: str,
    seed: int,
    synthetic: bool,
    warnings: Iterable[str],
) -> dict[str, Any]:
    """Describe a finished run.

    Parameters
    ----------
    spec : BaseModel
        The study's, or the flow system's, specification.
    inputs : mapping of str to Path
        Every file that was read, under the name by which the study knows it.
    folder : Path
        The results folder; everything in it is listed with its checksum.
    name : str
    seed : int
    synthetic : bool
        Whether the tables are invented.
    warnings : iterable of str
        What the run complained of.

    Returns
    -------
    dict
        No clock and no machine path is in it: the same study gives the same manifest.
    """
    outputs = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "study": name,
        "synthetic": synthetic,
        "seed": seed,
        "spec_sha256": spec_hash(spec),
        "spec": spec.model_dump(mode="json"),
        "inputs": [
            {"path": name, "sha256": sha256(path), "bytes": path.stat().st_size}
            for name, path in sorted(inputs.items())
        ],
        "versions": {"gvcpos": __version__, "python": platform.python_version()}
        | {name: version(name) for name in _LIBRARIES},
        "warnings": list(warnings),
        "outputs": [{"path": p.relative_to(folder).as_posix(), "sha256": sha256(p)} for p in outputs],
    }
