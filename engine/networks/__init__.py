"""Networks for pictures; see `zoo`. Any other `torch.nn.Module` can be trained as well."""

from engine.networks.initialize import glorot_
from engine.networks.zoo import Normalize, mlp, resnet, small_cnn

__all__ = ["Normalize", "glorot_", "mlp", "resnet", "small_cnn"]
