"""The pages of the app: one file per page, one job each. They ask and draw; they never train and never import torch."""
