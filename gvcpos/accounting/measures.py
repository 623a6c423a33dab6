"""What every column of the accounts means: its name, its equation, its source."""

from __future__ import annotations

from dataclasses import dataclass

_AC = "Antràs & Chor 2018, NBER w24185"
_W17A = "Wang, Wei, Yu & Zhu 2017a, NBER w23222"
_W17B = "Wang, Wei, Yu & Zhu 2017b, NBER w23261"
_KPWW = "Koopman, Powers, Wang & Wei 2010, NBER w16426"
_BM = "Borin & Mancini 2019, World Bank WP 8804"
_JN = "Johnson & Noguera 2012, J. Int. Econ. 86:224"


@dataclass(frozen=True)
class Measure:
    """One column: its published name, what it says, its equation and its source; unit "share", "stages", … ."""

    name: str
    label: str
    equation: str
    source: str
    unit: str


def _lengths(side: str, view: str, total: str) -> list[Measure]:
    flow = "v̂LA^FBŷ"
    rows = [
        ("", "production length, all production", f"v̂BBŷ / {total}"),
        ("_domestic", "production length, purely domestic", "v̂LLŷ^D / v̂Lŷ^D"),
        ("_traditional", "production length, traditional trade", "v̂LLŷ^F / v̂Lŷ^F"),
        ("_gvc", "production length, value chains", f"[v̂LLA^FB + v̂BA^FB + v̂LA^FBA^DB]ŷ / {flow}"),
        ("_gvc_home", "stages before the first border", f"v̂LLA^FBŷ / {flow}"),
        ("_gvc_crossings", "border crossings", f"v̂BA^FBŷ / {flow}"),
        ("_gvc_abroad", "stages after the first border", f"v̂LA^FBA^DBŷ / {flow}"),
    ]
    return [
        Measure(f"{side}{suffix}", f"{label} ({view})", equation, _W17B, "stages") for suffix, label, equation in rows
    ]


def _wwyz(view: str, total: str) -> list[Measure]:
    rows = [
        ("", "participation", "v̂LA^FBŷ"),
        ("_simple", "simple value chains", "v̂LA^FLŷ^D"),
        ("_complex", "complex value chains", "v̂LA^F(Bŷ − Lŷ^D)"),
        ("_domestic", "purely domestic", "v̂Lŷ^D"),
        ("_traditional", "traditional trade", "v̂Lŷ^F"),
    ]
    sums = "rows" if view == "forward" else "columns"
    return [
        Measure(f"wwyz_{view}{suffix}", f"{label} ({view})", f"{equation}, {sums} / {total}", _W17A, "share")
        for suffix, label, equation in rows
    ]


def _money(name: str, label: str, equation: str, source: str = _BM) -> Measure:
    return Measure(name, label, equation, source, "money")


_ALL = (
    _money("x", "gross output", "x", "table"),
    _money("va", "value added", "va", "table"),
    _money("exports", "gross exports", "e_s = Σ_{r≠s} (Y_sr + A_sr x_r)", "table"),
    Measure("va_rate", "value added in output", "VA/GO = va/x", _AC, "share"),
    Measure("fgo", "final use in output", "F/GO = y/x", _AC, "share"),
    Measure("upstreamness", "distance to final use", "U = (I − x̂⁻¹Z)⁻¹1", _AC, "stages"),
    Measure("downstreamness", "distance from primary inputs", "D = uB", _AC, "stages"),
    *_wwyz("forward", "va"),
    *_wwyz("backward", "y"),
    *_lengths("plv", "forward", "va"),
    *_lengths("ply", "backward", "y"),
    Measure("gvc_position", "position in value chains", "PLv_GVC / PLy_GVC", _W17B, "ratio"),
    Measure("kpww_iv", "indirect value added in exports", "IV/E", _KPWW, "share"),
    Measure("kpww_fv", "foreign value added in exports", "FV/E", _KPWW, "share"),
    Measure("kpww_participation", "participation", "IV/E + FV/E", _KPWW, "share"),
    Measure("kpww_position", "position", "ln(1 + IV/E) − ln(1 + FV/E)", _KPWW, "log points"),
    Measure("fexdva", "own value added in others' exports", "v̂_s Σ_{r≠s} B_sr e_r / E", "OECD TiVA FEXDVA", "share"),
    _money("vax_origin", "value added absorbed abroad, by origin", "v̂_s Σ_{r≠s} (BY)_sr", _JN),
    Measure("vax_ratio", "value added absorbed abroad per unit of exports", "vax_origin / exports", _JN, "ratio"),
    _money("GEXP", "gross exports", "e_sr"),
    _money("DC", "domestic content", "v_s B_ss e_sr"),
    _money("DVA", "domestic value added", "w e_sr, w = v_s L_ss"),
    _money("VAX", "domestic value added absorbed abroad", "w [Y_sr + A_sr (x_r − (BY)_rs)]"),
    _money("DAVAX", "… directly by the importer", "w [Y_sr + A_sr L_rr Y_rr]"),
    _money("REF", "domestic value added that returns", "DVA − VAX"),
    _money("DDC", "domestic double counting", "w M_s e_sr"),
    _money("FC", "foreign content", "(u − v_s B_ss) e_sr"),
    _money("FVA", "foreign value added", "f e_sr, f = (Σ_{t≠s} v_t B_ts)(I + M_s)⁻¹"),
    _money("FDC", "foreign double counting", "f M_s e_sr"),
    _money("GVC", "exports that cross more than one border", "e_sr − DAVAX"),
    _money("GVCB", "… backward", "FVA + FDC + DDC"),
    _money("GVCF", "… forward", "DVA − DAVAX"),
    _money("VAX1", "VAX: final goods", "w Y_sr"),
    _money("VAX2", "VAX: intermediates, importer's home final goods", "w A_sr L_rr Y_rr"),
    _money("VAX3", "VAX: intermediates, importer's final exports to third countries", "w A_sr L_rr Σ_{j≠r,s} Y_rj"),
    _money("VAX4", "VAX: intermediates passed on", "w A_sr L_rr Σ_{j≠r} A_rj Σ_{l≠s} (BY)_jl"),
    _money("REF1", "REF: in the importer's final exports", "w A_sr L_rr Y_rs"),
    _money("REF2", "REF: passed on before it returns", "w A_sr L_rr Σ_{j≠r} A_rj (BY)_js"),
)


def describe_measures() -> dict[str, Measure]:
    """Return every column that the accounts can print, by name, in the order of the frames."""
    return {measure.name: measure for measure in _ALL}
