"""A small world as a frame, and a model that is trained on it once. CTest sets PYTHONPATH and CHORUS."""
import random

import numpy as np
import pytest

import chorus_cvr

SMALL = {"step.grain_rows": 32, "step.grains_per_step": 4, "table.dim": 4, "model.tower.hidden": [8, 4], "seed": 3,
         "compute.threads": 1, "data.epochs": 2}


def make_frame(rows, seed=1):
    """Columns of every kind; two rows a context."""
    draw = random.Random(seed)
    frame = {name: [] for name in ("click", "sale", "user", "seen", "item", "tags", "age", "price")}
    for row in range(rows):
        if row % 2 == 0:
            user = draw.randrange(20)
            seen = {draw.randrange(30): draw.choice([0.5, 1.0, 2.25]) for _ in range(draw.randrange(4))}
            age = None if draw.random() < 0.1 else 20.0 + user
        item = draw.randrange(30)
        click = draw.random() < 0.2 + 0.02 * item
        frame["click"].append(int(click))
        frame["sale"].append(int(click and draw.random() < 0.3))
        frame["user"].append(f'u"{user}, a' if user % 3 == 0 else f"u{user}")
        frame["seen"].append(seen)
        frame["item"].append(item)
        frame["tags"].append([f"t{draw.randrange(6)}" for _ in range(draw.randrange(3))])
        frame["age"].append(float("nan") if age is None else age)
        frame["price"].append(draw.random() * 9)
    for name, kind in (("click", np.int64), ("sale", np.int64), ("item", np.int64), ("age", float), ("price", float)):
        frame[name] = np.array(frame[name], kind)
    return frame


def part(frame, rows):
    """Some rows of a frame that is a dict."""
    return {name: column[rows] if isinstance(column, np.ndarray) else
            [column[row] for row in range(*rows.indices(len(column)))] for name, column in frame.items()}


class World:
    def __init__(self, folder):
        self.folder = folder
        self.frame, self.test = make_frame(600), make_frame(300, seed=2)
        self.schema = chorus_cvr.draft_schema(self.frame, click="click", conversion="sale",
                                              context=["user", "seen", "age"])
        self.log = chorus_cvr.import_log(self.frame, self.schema, folder / "train")
        self.test_log = chorus_cvr.import_log(self.test, self.schema, folder / "test", like=self.log)
        self.run = chorus_cvr.train("objective { esmm {} }", SMALL, log=self.log, test=self.test_log,
                                    output=folder / "run")
        self.export = self.run.export(folder / "model")


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def model(world):
    return chorus_cvr.Model.load(world.export)
