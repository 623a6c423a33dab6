"""Write docs/measures.md from data/measures/*.yaml: python docs/make_measures.py."""

from pathlib import Path

from gvcpos.accounting.explanation import measures_page

if __name__ == "__main__":
    (Path(__file__).parent / "measures.md").write_text(measures_page(), encoding="utf-8")
