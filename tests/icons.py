"""The pictures that feeds name, drawn from templates/web/icon.svg: `python -m tests.icons` writes them."""

from __future__ import annotations

from pathlib import Path

import resvg_py

WEB = Path(__file__).resolve().parents[1] / "templates" / "web"
_SIZES = {  # view box, width, height
    "icon-180.png": ("0 0 32 32", 180, 180),
    "square.png": ("0 0 32 32", 512, 512),
    "logo.png": ("-16 0 64 32", 512, 256),
}


def drawn() -> dict[str, bytes]:
    """The PNGs by the names of their files: a square, and one twice as wide as high, as Atom wants its logo."""
    icon = (WEB / "icon.svg").read_text("utf-8")
    assert 'viewBox="0 0 32 32"' in icon
    return {
        name: bytes(
            resvg_py.svg_to_bytes(
                svg_string=icon.replace('viewBox="0 0 32 32"', f'viewBox="{box}"'), width=width, height=height
            )
        )
        for name, (box, width, height) in _SIZES.items()
    }


if __name__ == "__main__":
    for name, png in drawn().items():
        (WEB / name).write_bytes(png)
