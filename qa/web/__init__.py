"""The chat page. The only streamlit imports besides app.py; it uses qa's public names only."""

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
ICON = ASSETS / "icon.svg"
