"""Mirror flows: what the exporter and the importer report of the same trade."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.measures import mirror_gap


def mirror_gaps(flows: TradeFlows, *, cif_fob: float = 1.0) -> pd.DataFrame:
    """Return the two reports of every flow side by side.

    Parameters
    ----------
    flows : TradeFlows
        With the reports of both sides, as `read_comtrade` gives them.
    cif_fob : float
        Imports count insurance and freight (CIF), exports do not (FOB): imports are divided by this before they are
        compared; 1.06 is a usual figure for the world's trade.

    Returns
    -------
    DataFrame
        exporter, importer, hs (or stage), year; ``export_report`` and ``import_report`` in USD million, NaN where a
        side reports nothing; ``ratio``, import over export report, after `cif_fob`; ``gap``, their difference in their
        mean, −2 … 2; ``export_report_t``, ``import_report_t``, ``ratio_t`` of mass, which no freight inflates;
        ``reported_by``, both, exporter or importer alone.

    Raises
    ------
    InputError
        If only one side's reports are there, or `cif_fob` is not positive.

    Notes
    -----
    A gap has many causes: freight, time at sea, re-exports by way of a third country, codes chosen differently,
    secrecy, and misreporting. It is a measure of the data's error, and of no one cause.
    """
    if not cif_fob > 0:
        raise InputError(f"cif_fob={cif_fob!r}: must be positive, as 1.06.")
    if not {"exporter", "importer"} <= set(flows.reporters):
        raise InputError(
            f"{flows.source}: mirror flows need reports of exporters and of importers; there are: "
            f"{', '.join(flows.reporters)}. "
            "Read UN Comtrade files of both flows; BACI has reconciled the two already."
        )
    keys = ["exporter", "importer", flows.item, "year"]
    sides = {
        side: flows.reported_by(side).frame.set_index(keys)[["value", "mass"]] for side in ("exporter", "importer")
    }
    named = [frame.add_suffix(suffix) for frame, suffix in zip(sides.values(), ("_x", "_m"), strict=True)]
    both = named[0].join(named[1], how="outer").sort_index()
    x, m = both["value_x"].to_numpy(), both["value_m"].to_numpy()
    ratio, gap = mirror_gap(x, m / cif_fob)
    mass_x, mass_m = both["mass_x"].to_numpy(), both["mass_m"].to_numpy()
    by = np.select([np.isnan(m), np.isnan(x)], ["exporter", "importer"], "both")
    columns = {"export_report": x, "import_report": m, "ratio": ratio, "gap": gap, "export_report_t": mass_x}
    columns |= {"import_report_t": mass_m, "ratio_t": mirror_gap(mass_x, mass_m)[0], "reported_by": by}
    return both.index.to_frame(index=False).assign(**columns)
