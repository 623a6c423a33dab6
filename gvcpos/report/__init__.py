"""Tables, figures and the summary of a study: it reads results and computes nothing."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Cell": "gvcpos.report.table",
    "Row": "gvcpos.report.table",
    "Table": "gvcpos.report.table",
    "frame_table": "gvcpos.report.table",
    "ModelColumn": "gvcpos.report.models",
    "model_column": "gvcpos.report.models",
    "RegressionTable": "gvcpos.report.regression",
    "regression_table": "gvcpos.report.regression",
    "effects_table": "gvcpos.report.evidence",
    "tests_table": "gvcpos.report.evidence",
    "FigureLink": "gvcpos.report.summary",
    "Section": "gvcpos.report.summary",
    "StudySummary": "gvcpos.report.summary",
    "summary_markdown": "gvcpos.report.summary",
    "report_html": "gvcpos.report.html",
    "save_figure": "gvcpos.report.figures.saving",
}
__all__ = [
    "Cell",
    "FigureLink",
    "ModelColumn",
    "RegressionTable",
    "Row",
    "Section",
    "StudySummary",
    "Table",
    "effects_table",
    "frame_table",
    "model_column",
    "regression_table",
    "report_html",
    "save_figure",
    "summary_markdown",
    "tests_table",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
