"""Image augmentation: `generator.ImageDataGenerator` and what it is made of. Importing it imports no numba."""
