"""Files the products of `examples/structured.rs` by what scikit-learn and LightGBM make
of the same rows: one-hot texts and standardised numbers for a network of one hidden
layer, and gradient-boosted trees.

    cargo run --example structured FOLDER
    python benches/peers/structured.py FOLDER
"""

import sys
from pathlib import Path

import lightgbm
import pandas
from sklearn.compose import ColumnTransformer
from sklearn.metrics import accuracy_score, f1_score, recall_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TEXTS = ["brand", "colour", "type"]
NUMBERS = ["price", "weight"]


def network():
    """A network as described in most tutorials, of the size the example has."""
    columns = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS),
            ("numbers", StandardScaler(), NUMBERS),
        ]
    )
    return make_pipeline(
        columns, MLPClassifier((64,), max_iter=1000, early_stopping=False, random_state=1)
    )


def trees():
    columns = ColumnTransformer(
        [("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS), ("numbers", "passthrough", NUMBERS)]
    )
    return make_pipeline(columns, lightgbm.LGBMClassifier(random_state=1, verbose=-1))


def main():
    folder = Path(sys.argv[1])
    train, test = (pandas.read_csv(folder / name) for name in ("train.csv", "test.csv"))
    print("| method | accuracy | macro recall | macro F1 |\n|---|---|---|---|")
    for name, model in [("scikit-learn MLPClassifier", network()), ("LightGBM", trees())]:
        model.fit(train[TEXTS + NUMBERS], train["category"])
        found, truth = model.predict(test[TEXTS + NUMBERS]), test["category"]
        recall = recall_score(truth, found, average="macro")
        f1 = f1_score(truth, found, average="macro")
        print(f"| {name} | {accuracy_score(truth, found):.3f} | {recall:.3f} | {f1:.3f} |")


if __name__ == "__main__":
    main()
