"""Train on pictures in memory, as they are: ``python -m examples.fit [epochs]``.

Uses the built-in Digits; put your own arrays in their place: pictures (N, H, W, C) as uint8, labels (N,) from 0.
"""

import sys

from engine import DataSpec, Model, load_data, networks

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 100

data = load_data(DataSpec(source="digits"))
train_x, train_y = data.part("train")
test_x, test_y = data.part("test")

model = Model(networks.small_cnn(train_x.shape[1:], len(data.class_names), images=train_x))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_x, train_y, batch_size=32, epochs=EPOCHS)

loss, accuracy = model.evaluate(test_x, test_y)
print(f"{accuracy:.1%} of {len(test_y)} digits that it never saw are right.")
