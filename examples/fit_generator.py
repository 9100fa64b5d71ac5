"""Train on pictures that are augmented on the way: ``python -m examples.fit_generator [epochs]``.

Uses the built-in Shapes; put your own arrays in their place: pictures (N, H, W, C) as uint8, labels (N,) from 0.
"""

import sys

from engine import DataSpec, ImageDataGenerator, Model, load_data, networks

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 10

data = load_data(DataSpec(source="shapes", n_pictures=4000))
train_x, train_y = data.part("train")
test_x, test_y = data.part("validation")

model = Model(networks.small_cnn(train_x.shape[1:], len(data.class_names), images=train_x))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

aug = ImageDataGenerator(
    rotation_range=30,
    zoom_range=0.20,
    fill_mode="nearest",
    shear_range=0.20,
    horizontal_flip=True,
    width_shift_range=0.1,
    height_shift_range=0.1,
)
model.fit_generator(
    aug.flow(train_x, train_y, batch_size=32),
    validation_data=(test_x, test_y),
    steps_per_epoch=len(train_x) // 32,
    epochs=EPOCHS,
)
