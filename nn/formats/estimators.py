"""Classifier and Regressor: an MLP and ``fit`` behind scikit-learn's interface.

Only this file needs scikit-learn, and it is imported when one of the two names is first used. The
arguments have the names, meanings and defaults of scikit-learn's own MLPClassifier, where both have
them; the first weights and the order of the rows differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from autograd.compiler.numpy.kernels import function
from autograd.given import check_length, check_one_of, listed, shown, switch
from autograd.ops import logsumexp
from autograd.value import Value
from nn.arguments import at_least_zero, positive_whole
from nn.losses import cross_entropy, half_squared_error
from nn.neuron import MLP, Activation
from nn.optim import SGD, Adam, Optimizer
from nn.plan import History
from nn.train import fit

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"adam": Adam, "sgd": SGD}
ACTIVATIONS = {"logistic": "sigmoid", "identity": None}
"""Those that scikit-learn calls otherwise."""


class _Network(BaseEstimator):  # type: ignore[misc]
    """What both have in common: an MLP, trained by ``fit``."""

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Activation = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        learning_rate_init: float = 0.001,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.verbose = verbose

    def _train(self, loss: Callable[..., Any], X: Any, T: Any, outputs: int) -> None:
        """Make the network and train it."""
        stream = check_random_state(self.random_state)
        weights_seed, order_seed = (int(n) for n in stream.randint(2**31 - 1, size=2))
        hidden = self.hidden_layer_sizes
        wanted = "hidden_layer_sizes are whole numbers"
        sizes = listed(hidden, wanted) if isinstance(hidden, Iterable) else [hidden]
        check_one_of(self.solver, OPTIMIZERS, "solver is")
        held_out, part = None, at_least_zero(self.validation_fraction, "validation_fraction")
        if not 0 < part < 1:
            raise ValueError(
                f"validation_fraction is between 0 and 1; got {shown(self.validation_fraction)}"
            )
        if switch(self.early_stopping, "early_stopping"):
            labels = T if is_classifier(self) else None
            parts = train_test_split(X, T, test_size=part, random_state=stream, stratify=labels)
            X, T, held_out = parts[0], parts[2], (parts[1], parts[3])
        is_auto = isinstance(self.batch_size, str) and self.batch_size == "auto"
        batch = positive_whole(min(200, len(X)) if is_auto else self.batch_size, "batch_size")
        name = self.activation
        activation = ACTIVATIONS.get(name, name) if isinstance(name, str) else name
        model = MLP(X.shape[1], [*sizes, outputs], activation, None, seed=weights_seed)
        optimizer = OPTIMIZERS[self.solver](
            model.parameters(),
            lr=self.learning_rate_init,
            weight_decay=at_least_zero(self.alpha, "alpha") / batch,  # scikit-learn's scale
        )
        patience = _Patience(self, model)
        self.history_ = fit(
            partial(loss, model),
            X,
            T,
            optimizer,
            epochs=positive_whole(self.max_iter, "max_iter"),
            batch_size=batch,
            shuffle=order_seed if switch(self.shuffle, "shuffle") else False,
            progress=switch(self.verbose, "verbose"),
            compile=True,  # the losses below keep no state, so nothing need be found out first
            validation=held_out,
            callback=patience if held_out else None,
        )
        if held_out:
            patience.restore()
        self.model_ = model
        self.loss_curve_ = self.history_.losses
        self.loss_ = self.loss_curve_[-1]
        self.n_iter_ = len(self.loss_curve_)

    def _data(self, X: Any, y: Any, **options: Any) -> tuple[Any, Any]:
        """Rows and targets as arrays, and what scikit-learn notes of them."""
        check_length(X, "X has a row for each point")
        check_length(y, "y has a target for each row")
        with _small_enough("X and y"):
            X, y = validate_data(self, X, y, dtype=np.float64, **options)
        return X, y

    def _outputs(self, X: Any) -> Any:
        """The outputs of the network, of shape (rows, outputs)."""
        check_is_fitted(self)
        check_length(X, "X has a row for each point")
        with _small_enough("X"):
            x = validate_data(self, X, dtype=np.float64, reset=False)
        for layer in self.model_.layers:
            weights = np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])
            biases = [n.bias.data for n in layer.neurons if n.bias is not None]  # all have one
            x = x @ weights.T + np.array(biases)
            operation = layer.neurons[0].activation
            x = x if operation is None else function(operation)(x)
        return x


class _Patience:
    """A callback of ``fit``: it ends the training where the rows held out gain no more."""

    def __init__(self, estimator: _Network, model: MLP) -> None:
        self.tol = at_least_zero(estimator.tol, "tol")
        self.most = positive_whole(estimator.n_iter_no_change, "n_iter_no_change")
        self.parameters = model.parameters()
        self.numbers = [p.data for p in self.parameters]
        self.lowest, self.waited = math.inf, 0

    def __call__(self, epoch: int, history: History) -> bool:
        loss = history.validation[-1]
        self.waited = 0 if loss < self.lowest - self.tol else self.waited + 1
        if loss < self.lowest:
            self.lowest, self.numbers = loss, [p.data for p in self.parameters]
        return self.waited > self.most

    def restore(self) -> None:
        """Set the parameters back to where the loss was lowest."""
        for p, number in zip(self.parameters, self.numbers):
            p.data = number


@contextmanager
def _small_enough(names: str) -> Iterator[None]:
    try:
        yield
    except OverflowError:
        raise OverflowError(
            f"{names} hold numbers of at most 1.8e308, as large as floats are; one is larger"
        ) from None


def _class_loss(model: MLP, x: Any, t: Any) -> Value:
    return cross_entropy(model(x), t[0])


def _number_loss(model: MLP, x: Any, t: Any) -> Value:
    return half_squared_error(model(x), t)


class Classifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """An MLP that finds the class of a row, for scikit-learn: for pipelines, grid searches.

    It is trained with ``cross_entropy`` by ``nn.fit``, compiled. Its rows should be of similar
    size, as behind a StandardScaler. Unlike in scikit-learn's MLPClassifier, "sgd" has no momentum,
    alpha holds for biases too, and only ``early_stopping``, which looks at the loss, ends the
    training before ``max_iter``. For what is not here, such as weights for rows, train ``model_``
    or an MLP of your own with ``nn.fit``.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> Classifier(16, max_iter=300, random_state=0).fit(X, y).score(X, y) > 0.9
    True

    Args:
        hidden_layer_sizes: the number of neurons in each hidden layer, or in the only one.
        activation: that of the hidden layers, as for an MLP: a name, an operation or None; or
            "logistic" or "identity".
        solver: "adam" or "sgd".
        alpha: the penalty for large parameters: alpha / 2 times the sum of their squares, which is
            added to the sum of the losses of a batch.
        learning_rate_init: the learning rate.
        batch_size: rows per step; "auto" is 200, or all rows if there are fewer.
        max_iter: epochs; all of them are run, unless ``early_stopping`` ends the training.
        shuffle: whether each epoch has its rows in a new order.
        random_state: a seed for the same result each time, or a ``RandomState``.
        early_stopping: whether to hold rows out, and to end the training after more than
            ``n_iter_no_change`` epochs in which their loss did not fall by ``tol`` below the
            lowest. The parameters are then those of the epoch where it was lowest.
        validation_fraction: the part of the rows to hold out.
        tol, n_iter_no_change: see ``early_stopping``.
        verbose: whether to show a progress bar.

    Attributes:
        model_: the MLP. ``draw``, ``explain``, ``save_torch`` and the rest of this library take it.
        classes_: the classes, labels of any kind, in the order of the outputs.
        history_: what ``fit`` returned.
        loss_curve_, loss_, n_iter_, n_features_in_: as in scikit-learn.

    Raises:
        ValueError, TypeError: (when fitted) an argument is not what it should be.
    """

    def fit(self, X: Any, y: Any) -> Classifier:
        """Train a new network on rows X, (rows, n), and their classes y, (rows,)."""
        X, y = self._data(X, y)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self._train(_class_loss, X, labels.reshape(-1, 1), len(self.classes_))
        return self

    def predict(self, X: Any) -> Any:
        """The most probable class of each row."""
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, of shape (rows, classes)."""
        with np.errstate(under="ignore"):
            return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of the probabilities, with all their digits."""
        logits = self._outputs(X)
        return logits - function(logsumexp)(*logits.T)[:, None]


class Regressor(RegressorMixin, _Network):  # type: ignore[misc]
    """An MLP that finds one number for a row, or several, for scikit-learn.

    It is trained with ``half_squared_error`` by ``nn.fit``, compiled.

    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> Regressor(16, learning_rate_init=0.01, random_state=0).fit(X, y).score(X, y) > 0.4
    True

    Args:
        hidden_layer_sizes, activation, ...: as for a Classifier.

    Attributes:
        model_: the MLP. ``draw``, ``explain``, ``save_torch`` and the rest of this library take it.
        history_, loss_curve_, loss_, n_iter_, n_features_in_: as for a Classifier.

    Raises:
        ValueError, TypeError: (when fitted) an argument is not what it should be.
    """

    def fit(self, X: Any, y: Any) -> Regressor:
        """Train a new network on rows X, (rows, n), and targets y, (rows,) or (rows, m)."""
        X, y = self._data(X, y, multi_output=True, y_numeric=True)
        self._shape = y.shape[1:]
        targets = np.asarray(y, np.float64).reshape(len(y), -1)
        self._train(_number_loss, X, targets, targets.shape[1])
        return self

    def predict(self, X: Any) -> Any:
        """The numbers for each row, in the shape of y."""
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs), *self._shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
