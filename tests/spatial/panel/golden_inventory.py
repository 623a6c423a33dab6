"""What of the other programs' spatial results each test compares: lines of file, rows, and a test or a reason.

The rows of a line are those whose columns match its expressions in full. A test is named by its module in tests/spatial
and its function; a reason says why nothing is compared: the rows are wrong (and which test shows it), are the input, or
belong to an estimator that is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Rows of one file, and what is made of them.

    Attributes
    ----------
    file : str
    rows : dict of str to str
        Column to regular expression.
    tests : str
        Names of tests, module.function, divided by blanks.
    reason : str
        Why the rows are not compared, where they are not; `tests` are then those that show it.
    """

    file: str
    rows: dict[str, str]
    tests: str
    reason: str = ""


STATIC = "SAR|SEM|SAC|SDM|SDEM|GNS"
SPLM = ("splm_golden.csv", "splm_golden_spatialreg126.csv")
PEERS, RANDOM, GMM, CROSS = (f"panel.test_{name}" for name in ("golden_peers", "random_golden", "gmm", "cross_section"))
PATH, COMPONENTS, LM = (f"panel.test_{name}" for name in ("specification_path", "component_tests", "diagnostics"))
DYNAMIC, BAYES, EFFECTS, EXACT = (f"panel.test_{name}" for name in ("dynamic", "bayes", "effects", "golden"))

ORACLE = [
    Line("oracle_exact_all.csv", {}, f"{EXACT}.test_equals_exact_likelihood"),
    Line("oracle_exact.csv", {"variant": "QW|LY", "kind": "coef|scalar"}, f"{EXACT}.test_information_equals_oracle"),
    Line("oracle_exact.csv", {"variant": "QW|LY", "kind": "impact.*"}, f"{EFFECTS}.test_points_equal_oracle"),
    Line(
        "oracle_exact.csv",
        {"variant": "WQ", "kind": "coef|scalar"},
        f"{PEERS}.test_the_lag_of_demeaned_y_is_the_oracles {EXACT}.test_lag_of_demeaned_y_is_the_known_mistake",
    ),
    Line("oracle_exact.csv", {"variant": "WQ", "kind": "impact.*"}, "", "effects of estimates that are a mistake"),
    Line(
        "oracle_exact.csv",
        {"variant": "BC.*"},
        f"{PEERS}.test_the_corrected_direct_estimate_is_near_the_transformed_one",
        "an estimator that is not offered: the transformation needs no correction",
    ),
    Line("oracle_random_effects_munnell.txt", {}, f"{RANDOM}.test_equals_exact_likelihood"),
]

SPATIALREG = [
    Line(
        "spatialreg_stacked_golden.csv", {"kind": "coef|scalar"}, f"{EXACT}.test_direct_equals_spatialreg_with_dummies"
    ),
    Line(
        "spatialreg_stacked_golden.csv",
        {"kind": "impact", "model": "SAR|SDM"},
        f"{EFFECTS}.test_errors_agree_with_spatialreg_draws",
    ),
    Line(
        "spatialreg_stacked_golden.csv",
        {"kind": "impact", "model": "SAC|GNS"},
        f"{PEERS}.test_effects_with_two_parameters_equal_spatialreg",
    ),
]

SPLM_LINES: list[Line] = []
for _file in SPLM:
    _ml = {"estimator": "ML", "kind": "coef|scalar"}
    SPLM_LINES += [
        Line(
            _file,
            _ml | {"effect": "individual", "model": STATIC},
            f"{PEERS}.test_entity_effects_equal_splm "
            f"{PEERS}.test_constants_are_missing_in_the_error_likelihood_of_splm",
        ),
        Line(_file, _ml | {"effect": "pooled"}, f"{PEERS}.test_pooled_equals_splm"),
        Line(_file, _ml | {"effect": "random"}, f"{RANDOM}.test_equals_splm"),
        Line(
            _file,
            _ml | {"effect": "time|twoways"},
            f"{PEERS}.test_time_effects_of_splm_lag_the_demeaned "
            f"{PEERS}.test_two_way_lee_yu_of_splm_has_the_direct_estimates",
            "wrong with time effects: W times the demeaned y",
        ),
        Line(
            _file,
            {"estimator": "ML", "kind": "impact", "model": "SDM|GNS"},
            f"{PEERS}.test_durbin_effects_of_splm_and_spreg_hold_w_x_still",
            "wrong: W x counts as another variable",
        ),
        Line(
            _file,
            {"estimator": "ML", "kind": "impact", "model": "SAR|SAC", "effect": "individual"},
            f"{PEERS}.test_effects_without_durbin_terms_equal_splm "
            f"{PEERS}.test_errors_of_splm_effects_take_rho_and_beta_for_uncorrelated",
        ),
        Line(
            _file,
            {"estimator": "ML", "kind": "impact", "model": "SAR|SAC", "effect": "time|twoways"},
            f"{PEERS}.test_time_effects_of_splm_lag_the_demeaned",
            "effects of estimates that are wrong",
        ),
        Line(
            _file,
            {"estimator": "ML", "kind": "impact", "model": "SAR|SAC", "effect": "pooled|random"},
            f"{PEERS}.test_pooled_equals_splm {RANDOM}.test_equals_splm",
            "the same functions of estimates that agree, by draws",
        ),
        Line(
            _file,
            {"estimator": "GM", "effect": r"within/.*|random/(initial|fullweights|g2sls)"},
            f"{GMM}.test_equals_splm {GMM}.test_lag_and_random_error_near_splm",
        ),
        Line(
            _file,
            {"estimator": "GM", "effect": "random/weights"},
            f"{GMM}.test_peers_stop_short_of_the_minimum_of_the_six_moments",
            "stops short of the minimum",
        ),
        Line(
            _file,
            {"estimator": "GM", "effect": "random/(b2sls|ec2sls)"},
            f"{GMM}.test_equals_splm",
            "the between estimator and error-component 2SLS are not offered; generalised 2SLS is",
        ),
        Line(
            _file, {"model": "slmtest_.*"}, f"{LM}.test_lm_equals_splm_and_elhorst {LM}.test_lm_equals_stacked_dummies"
        ),
        Line(
            _file, {"model": "bsktest_(LMH|LM1|LM2)|bsjktest_J"}, f"{CROSS}.test_component_tests_equal_splm_and_spreg"
        ),
        Line(
            _file,
            {"model": "bsktest_CLM.*"},
            f"{PATH}.test_random_effects_tests_equal_splm {RANDOM}.test_lm_of_random_effects_is_that_of_splm",
        ),
        Line(
            _file,
            {"model": "bsjktest_C.2"},
            f"{PATH}.test_serial_correlation_beside_random_effects_by_brute_force",
            "wrong variance of the innovations",
        ),
        Line(
            _file,
            {"model": "bsjktest_C.[13]"},
            f"{COMPONENTS}.test_c1_is_brute_force_and_splm_takes_another_variance "
            f"{COMPONENTS}.test_c3_is_brute_force_and_splm_takes_another_variance",
            "wrong variance of the innovations",
        ),
        Line(
            _file,
            {"model": "sphtest_error_ML"},
            f"{RANDOM}.test_hausman_of_splm_is_a_form_that_is_not_definite",
            "wrong: the difference is no covariance",
        ),
        Line(
            _file,
            {"model": "sphtest_(lag|sarar)_ML"},
            f"{PEERS}.test_hausman_of_splm_is_not_definite",
            "wrong: the difference is no covariance",
        ),
        Line(_file, {"model": "sphtest_.*_GM"}, "", "Hausman's test of generalised moments is not offered; one failed"),
        Line(_file, {"model": "pcdtest_(cd|sclm)"}, f"{CROSS}.test_cd_equals_plm"),
        Line(_file, {"model": "pcdtest_(lm|rho|absrho)"}, f"{PEERS}.test_measures_of_plm_are_those_behind_cd"),
        Line(_file, {"model": "pcdtest_local_cd"}, f"{CROSS}.test_local_cd_equals_plm"),
        Line(_file, {"model": "rwtest_cd"}, "", "the randomised W test, a p-value of draws: not offered"),
        Line(_file, {"model": "phtest"}, "", "Hausman's test with Swamy and Arora's components, no spatial model"),
        Line(_file, {"model": "OLS"}, f"{PEERS}.test_least_squares_equal_linearmodels_and_plm"),
    ]

_file = "spreg_1.9.1_golden.csv"
_fit = {"kind": "coef|scalar"}
SPREG = [
    Line(_file, _fit | {"model": "ML_(LagFE|ErrorFE|ErrorPooled)"}, f"{PEERS}.test_likelihoods_of_spreg"),
    Line(
        _file,
        _fit | {"model": "ML_LagRE"},
        f"{RANDOM}.test_equals_spreg_in_the_lag_model {PEERS}.test_error_of_rho_of_spreg_beside_random_effects",
    ),
    Line(
        _file,
        _fit | {"model": "ML_ErrorRE"},
        f"{RANDOM}.test_error_model_of_spreg_is_no_maximum",
        "wrong: its likelihood is another one",
    ),
    Line(
        _file,
        {"model": "ML_Lag.*", "kind": "impact"},
        f"{PEERS}.test_durbin_effects_of_splm_and_spreg_hold_w_x_still",
        "four decimals; the split of a Durbin model is wrong, its totals are compared",
    ),
    Line(
        _file,
        _fit | {"model": "GM_ErrorPooled", "effect": "pooled"},
        f"{GMM}.test_pooled_error_equals_spreg {PEERS}.test_pooled_moments_of_spreg",
    ),
    Line(
        _file,
        _fit | {"model": "GM_ErrorPooled", "effect": "pooled .*"},
        f"{GMM}.test_matrices_of_the_moments",
        "its moments take estimated time effects for known ones; ours have mean zero with N finite",
    ),
    Line(
        _file,
        _fit | {"model": "GM_ErrorRE|GM_KKP", "effect": "random( fullweights)?( deprecated)?"},
        f"{GMM}.test_peers_stop_short_of_the_minimum_of_the_six_moments",
        "stops short of the minimum",
    ),
    Line(
        _file,
        _fit | {"model": "GM_ErrorRE", "effect": "random.*dummies"},
        f"{GMM}.test_peers_stop_short_of_the_minimum_of_the_six_moments",
        "stops short; dummies taken for known",
    ),
    Line(_file, _fit | {"model": "PooledOLS|PanelFE"}, f"{PEERS}.test_least_squares_of_spreg"),
    Line(_file, _fit | {"model": "PanelRE"}, "", "Swamy and Arora's components, no spatial model: not offered"),
    Line(
        _file,
        {"model": "PanelRE", "kind": "test"},
        f"{CROSS}.test_component_tests_equal_splm_and_spreg",
        "Hausman's test of that estimator; the LM test is among BSK_tests",
    ),
    Line(
        _file,
        {"model": "(PooledOLS|GM_ErrorPooled|ML_ErrorPooled|BSK_tests)", "kind": "test"},
        f"{CROSS}.test_component_tests_equal_splm_and_spreg {PEERS}.test_bsk_tests_of_spreg",
    ),
    Line(
        _file,
        {"model": "panel_Hausman_.*"},
        f"{PEERS}.test_hausman_of_spreg_is_no_chi_squared",
        "wrong: a negative statistic whose df are all coefficients; one failed",
    ),
    Line(
        _file,
        {"model": "Panel_.*"},
        f"{PEERS}.test_old_names_of_spreg_have_the_same_estimates",
        "deprecated, with another likelihood",
    ),
    Line(
        _file,
        {"model": "panel_r?LM(lag|error)"},
        f"{PEERS}.test_lm_tests_of_spreg_have_another_trace",
        "wrong: the trace of the lag tests",
    ),
    Line(_file, {"kind": "failure"}, "", "spreg raised an error"),
]

_file = "sdpdmod_golden.csv"
SDPDMOD = [
    Line(
        _file,
        {"model": "SAR|SDM"},
        f"{PEERS}.test_static_sdpdmod_is_lower_on_the_exact_likelihood",
        "wrong: rho of a grid, and a covariance made positive",
    ),
    Line(
        _file,
        {"model": "dynamic-S.*"},
        f"{DYNAMIC}.test_entity_correction_is_near_sdpdmod_and_the_likelihood_decides",
        "wrong: as the static ones",
    ),
    Line(
        _file,
        {"model": "BLMP"},
        f"{BAYES}.test_equals_sdpdmod_where_nothing_is_integrated "
        f"{BAYES}.test_sdpdmod_prints_the_height_of_the_density",
    ),
    Line(
        _file,
        {"model": "dynamic-BLMP"},
        f"{BAYES}.test_sdpdmod_prints_the_height_of_the_density",
        "posterior probabilities of dynamic models are not offered",
    ),
    Line(
        "sdpdmod_nearPD_effect.csv",
        {"version": "nearPD removed", "dynamic": "True"},
        f"{DYNAMIC}.test_two_way_correction_agrees_with_sdpdmod "
        f"{DYNAMIC}.test_entity_correction_is_near_sdpdmod_and_the_likelihood_decides",
    ),
    Line(
        "sdpdmod_nearPD_effect.csv",
        {"version": "nearPD removed", "dynamic": "False"},
        f"{PEERS}.test_static_sdpdmod_is_lower_on_the_exact_likelihood",
    ),
    Line(
        "sdpdmod_nearPD_effect.csv",
        {"version": "as released"},
        f"{PEERS}.test_static_sdpdmod_is_lower_on_the_exact_likelihood",
        "wrong: a covariance made positive",
    ),
]

_file = "elhorst_matlab_golden.csv"
ELHORST = [
    Line(
        _file,
        {"kind": "coef|scalar", "effect": "pooled|individual|time|twoways"},
        f"{PEERS}.test_elhorst_to_the_accuracy_of_his_search panel.test_results_output"
        ".test_parameters_agree_with_elhorst_to_his_steps_of_rho",
    ),
    Line(
        _file,
        {"kind": "coef|scalar", "effect": r"random\+timeFE"},
        f"{PEERS}.test_random_effects_beside_time_effects_of_elhorst",
    ),
    Line(_file, {"kind": "impact", "effect": "pooled|individual"}, f"{EFFECTS}.test_points_agree_with_elhorst"),
    Line(
        _file,
        {"kind": "impact", "effect": "time|twoways"},
        f"{PEERS}.test_elhorst_to_the_accuracy_of_his_search",
        "effects of estimates that are wrong",
    ),
    Line(
        _file,
        {"kind": "test", "model": "r?LM.*"},
        f"{LM}.test_lm_equals_splm_and_elhorst {LM}.test_lm_equals_stacked_dummies",
    ),
    Line(
        _file,
        {"kind": "test", "model": "SDM", "effect": "individual|time|twoways"},
        f"{LM}.test_wald_near_elhorst {PATH}.test_lr_near_elhorst",
    ),
    Line(_file, {"kind": "test", "effect": ".* vs .*"}, "", "Hausman's test of two wrong two-way fits; it is negative"),
]

OTHERS = [
    Line("linearmodels_golden.csv", {"model": "OLS"}, f"{PEERS}.test_least_squares_equal_linearmodels_and_plm"),
    Line("linearmodels_golden.csv", {"model": "RE"}, "", "Swamy and Arora's components, no spatial model: not offered"),
    Line("munnell_produc.csv", {}, "", "input"),
    Line("munnell_usaww_rowstd.csv", {}, "", "input"),
]

_file = "esda_moran_lisa_golden.csv"
MORAN = [
    Line(_file, {"func": "Moran"}, "test_moran.test_statistic_and_moments_against_esda_and_spdep"),
    Line(_file, {"func": "Geary"}, "test_autocorrelation.test_geary_against_esda_and_spdep"),
    Line(
        _file, {"func": r"Moran_Local(\[default\])?"}, "test_local.test_statistics_and_moments_against_esda_and_spdep"
    ),
    Line(_file, {"func": "Moran_BV.*"}, "test_autocorrelation.test_bivariate_against_esda_and_spdep"),
    Line(_file, {"func": "G_Local"}, "test_autocorrelation.test_local_g_against_spdep_and_why_esda_differs"),
    Line(
        _file,
        {"func": "spreg.OLS.*"},
        "test_moran.test_residual_moments_against_spdep_and_spreg "
        "test_moran.test_residual_moments_of_columbus_against_spdep_and_spreg",
    ),
]
_file = "spdep_moran_lisa_golden.csv"
MORAN += [
    Line(_file, {"func": "moran.test"}, "test_moran.test_statistic_and_moments_against_esda_and_spdep"),
    Line(_file, {"func": "moran.mc"}, "test_moran.test_permutation_p_within_simulation_error_of_spdep"),
    Line(_file, {"func": "geary.test"}, "test_autocorrelation.test_geary_against_esda_and_spdep"),
    Line(
        _file,
        {"func": r"localmoran(\((mlvar=FALSE|conditional=TRUE)\))?"},
        "test_local.test_statistics_and_moments_against_esda_and_spdep",
    ),
    Line(
        _file,
        {"func": r"localmoran\(conditional=FALSE\)"},
        "",
        "moments where the unit's own value is dealt out too: the conditional ones are offered",
    ),
    Line(_file, {"func": "localmoran_perm"}, "test_local.test_permutation_p_within_simulation_error_of_spdep"),
    Line(_file, {"func": "moran_bv"}, "test_autocorrelation.test_bivariate_against_esda_and_spdep"),
    Line(_file, {"func": "localG"}, "test_autocorrelation.test_local_g_against_spdep_and_why_esda_differs"),
    Line(
        _file,
        {"func": "lm.morantest.*"},
        "test_moran.test_residual_moments_against_spdep_and_spreg "
        "test_moran.test_residual_moments_of_columbus_against_spdep_and_spreg",
    ),
]

INVENTORY = [*ORACLE, *SPATIALREG, *SPLM_LINES, *SPREG, *SDPDMOD, *ELHORST, *OTHERS, *MORAN]
