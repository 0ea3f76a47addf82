"""Classifier and Regressor, as scikit-learn uses them. Slow, but for what needs no scikit-learn."""

import os
import pickle
import sys

import numpy as np
import pytest

import nn

r = np.random.default_rng(0)
X = r.normal(size=(80, 3))
COLOURS = np.array(["red", "green", "blue"])[(X @ r.normal(size=(3, 3))).argmax(axis=1)]


@pytest.fixture
def sklearn():
    if not os.environ.get("CI"):
        pytest.importorskip("sklearn")


def test_without_scikit_learn_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match="Classifier needs scikit-learn: run pip install"):
        nn.Classifier  # noqa: B018
    for module in (nn, nn.formats):
        with pytest.raises(AttributeError, match="has no attribute 'Clasifier'"):
            module.Clasifier  # noqa: B018
    assert "Classifier" not in nn.__all__  # or import * would load it
    assert {"Classifier", "Regressor", "fit"} <= set(dir(nn))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Skipping check")  # of pandas, which is not installed
@pytest.mark.parametrize("name", ["Classifier", "Regressor"])
def test_it_is_what_scikit_learn_calls_an_estimator(sklearn, name):
    from sklearn.utils.estimator_checks import check_estimator

    check_estimator(getattr(nn, name)(hidden_layer_sizes=10, learning_rate_init=0.01))


@pytest.mark.slow
def test_probabilities_are_those_of_the_network(sklearn):
    from autograd import softmax

    model = nn.Classifier((8, 4), "gelu", max_iter=150, learning_rate_init=0.01, random_state=1)
    model.fit(X, COLOURS)
    assert model.classes_.tolist() == ["blue", "green", "red"]
    assert model.score(X, COLOURS) > 0.95
    probabilities = model.predict_proba(X)
    for row, found in zip(X[:5].tolist(), probabilities):
        assert found == pytest.approx([p.data for p in softmax(model.model_(row))], rel=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probabilities)
    assert model.n_iter_ == len(model.loss_curve_) == 150
    assert model.loss_ < model.loss_curve_[0] / 3
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(X) == model.predict(X)).all()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [None, 1, 2])
def test_targets_of_one_and_of_several_numbers(sklearn, columns):
    y = X @ r.normal(size=(3, columns or 1))
    y = y[:, 0] if columns is None else y
    model = nn.Regressor(8, None, solver="sgd", learning_rate_init=0.1, batch_size=20, max_iter=60)
    assert model.fit(X, y).predict(X).shape == y.shape
    assert model.predict(X) == pytest.approx(y, abs=1e-3)
    row = model.model_(X[0].tolist())
    numbers = [v.data for v in (row if isinstance(row, list) else [row])]
    assert np.ravel(model.predict(X[:1])) == pytest.approx(numbers, rel=1e-12)


@pytest.mark.slow
def test_a_pipeline_in_a_grid_search_finds_the_same_twice(sklearn):
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), nn.Classifier(max_iter=40, random_state=1))
    grid = {"classifier__hidden_layer_sizes": [(2,), (8,)], "classifier__solver": ["adam"]}
    one, two = (GridSearchCV(pipeline, grid, cv=2).fit(X, COLOURS) for _ in range(2))
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert one.best_params_["classifier__hidden_layer_sizes"] == (8,)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
def test_early_stopping_keeps_the_best_epoch_of_the_rows_held_out(sklearn, kind):
    y = X @ [1.0, -2.0, 0.5] + r.normal(size=len(X))
    network = getattr(nn, kind)(
        30, early_stopping=True, learning_rate_init=0.05, n_iter_no_change=4, random_state=3
    )
    network.fit(X, y if kind == "Regressor" else y > 0)
    held_out = network.history_.validation
    best = int(np.argmin(held_out))
    assert network.n_iter_ == len(held_out) == best + 6 < 200
    network.set_params(max_iter=best + 1, n_iter_no_change=200)
    before = [p.data for p in network.model_.parameters()]
    network.fit(X, y if kind == "Regressor" else y > 0)
    assert [p.data for p in network.model_.parameters()] == before


@pytest.mark.slow
def test_alpha_keeps_weights_small_as_in_scikit_learn(sklearn):
    from sklearn.linear_model import Ridge

    x = X - X.mean(axis=0)  # so that the bias, for which alpha holds too, is about 0
    y = x @ [1.0, -2.0, 0.5]
    alpha = 40.0
    network = nn.Regressor([], solver="sgd", learning_rate_init=0.2, alpha=alpha, max_iter=200)
    network.fit(x, y)
    found = [w.data for w in network.model_.layers[0].neurons[0].weights]
    assert found == pytest.approx(Ridge(alpha=alpha).fit(x, y).coef_.tolist(), rel=1e-6)
    assert np.linalg.norm(found) < 0.8 * np.linalg.norm([1.0, -2.0, 0.5])


@pytest.mark.slow
def test_scikit_learns_names_of_activations(sklearn):
    for theirs, ours in ("logistic", "sigmoid"), ("identity", None):
        pair = [nn.Classifier(3, name, max_iter=3, random_state=0) for name in (theirs, ours)]
        one, two = (network.fit(X, COLOURS).predict_proba(X) for network in pair)
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "lbfgs"}, "solver is one of adam, sgd; got 'lbfgs'"),
        ({"max_iter": 0}, "max_iter must be at least 1; got 0"),
        ({"batch_size": np.array([[1, 2]])}, "batch_size must be a whole number; got ndarray"),
        ({"batch_size": "all"}, "batch_size must be a whole number; got str 'all'"),
        ({"alpha": -1}, "alpha must be finite and at least 0; got -1"),
        ({"alpha": "small"}, "alpha: expected one real number.*; got str 'small'"),
        ({"validation_fraction": 1}, "validation_fraction is between 0 and 1; got 1"),
        ({"tol": -1}, "tol must be finite and at least 0; got -1"),
        ({"early_stopping": "yes"}, "early_stopping is True or False; got str 'yes'"),
        ({"activation": "logstic"}, "an activation is an operation with one input"),
        ({"hidden_layer_sizes": (4, 0)}, "nout must be at least 1; got 0"),
        ({"hidden_layer_sizes": range(10**12)}, "hidden_layer_sizes are whole numbers; got range"),
        ({"hidden_layer_sizes": "44"}, "hidden_layer_sizes are whole numbers; got str '44'"),
        ({"shuffle": "no"}, "shuffle is True or False; got str 'no'"),
    ],
)
def test_wrong_arguments_are_one_sentence(sklearn, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        nn.Classifier(**options).fit(X, COLOURS)


def test_integers_beyond_floats_are_one_sentence(sklearn):
    network, message = nn.Regressor(2, max_iter=1), "hold numbers of at most 1.8e308, as large as"
    for X, y in ([[10**400], [1]], [0, 1]), ([[0], [1]], [-(10**5000), 1]):
        with pytest.raises(OverflowError, match=f"^X and y {message}"):
            network.fit(X, y)
    network.fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(OverflowError, match=f"^X {message}"):
        network.predict([[10**400]])


@pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
def test_rows_that_no_memory_holds_are_refused(sklearn, kind):
    network, many = getattr(nn, kind)(2, max_iter=1), range(10**12)
    for X, y in (many, [0, 1]), ([[1.0], [2.0]], many):
        with pytest.raises(
            ValueError, match=r"got range\(0, 1000000000000\), of 1,000,000,000,000"
        ):
            network.fit(X, y)
    network.fit([[1.0], [2.0]], [0, 1])
    with pytest.raises(ValueError, match="X has a row for each point; got range"):
        network.predict(many)
    with pytest.raises(ValueError, match="Expected 2D array, got scalar array"):
        network.predict(np.array(3.0))
