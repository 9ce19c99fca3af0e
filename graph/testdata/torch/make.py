"""Writes what PyTorch computes for layers and optimizers that we have too: NAME.npz for each, which TestTorch of packages graph and
train read. It is run by hand, in this folder, with the names of what to write or without for all:

    /usr/bin/python3 make.py [NAME ...]

Debian's python3-torch 1.13.1 wrote the files that are here. The numbers of a case depend on its name only. They are computed in float64, from
numbers that fit float32, and stored in float32.
"""

import sys
import zlib

import numpy as np
import torch
from torch import nn


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64).float().double()


def padded(*shape):
    """Sequences of which some steps are padding, of the number 9."""
    x = normal(*shape)
    x[0, 1] = x[1, 3:] = 9
    return x


class Attention(nn.Module):
    """Self-attention; steps in which all numbers are value are padding, and zeros."""

    def __init__(self, width, heads, value=None):
        super().__init__()
        self.attention, self.value = nn.MultiheadAttention(width, heads, batch_first=True), value

    def forward(self, x):
        if self.value is None:
            return self.attention(x, x, x)[0]
        padding = (x == self.value).all(2)
        x = x.masked_fill(padding[:, :, None], 0)
        return self.attention(x, x, x, key_padding_mask=padding)[0]


class Positions(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        return x + self.w


class Means(nn.Module):
    def forward(self, x):
        return x.mean(1)


class Steps(nn.Module):
    """The outputs of a recurrent module. Ours have one bias for the two that are added up: the second is 0, but for that of the GRU's new state."""

    def __init__(self, kind, *sizes, **more):
        super().__init__()
        self.layer = getattr(nn, kind)(*sizes, batch_first=True, **more)

    def forward(self, x):
        with torch.no_grad():
            for name, p in self.layer.named_parameters():
                if name.startswith("bias_hh"):
                    p[: 2 * p.shape[0] // 3 if isinstance(self.layer, nn.GRU) else None] = 0
        return self.run(x)

    def run(self, x):
        return self.layer(x)[0]


class Lengths(Steps):
    """The same for sequences of 4, 2 and 1 steps."""

    def run(self, x):
        packed = nn.utils.rnn.pack_padded_sequence(x, [4, 2, 1], batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0], batch_first=True)[0]


def lengths(x):
    """x with padding of zeros behind 4, 2 and 1 steps."""
    x[1, 2:], x[2, 1:] = 0, 0
    return x


# A layer is a line here and a line in graph/torch_test.go: the module, and an input whose first axis is the mini-batch. An input of
# integers has no gradient. Whatever the module starts with, its parameters are drawn anew, so that none of them is 0 or 1.
LAYERS = {
    "dense": lambda: (nn.Linear(5, 4), normal(3, 5)),
    "dense-nobias": lambda: (nn.Linear(5, 4, bias=False), normal(3, 5)),
    "conv": lambda: (nn.Conv2d(2, 3, 3), normal(2, 2, 6, 5)),
    "conv-stride": lambda: (nn.Conv2d(2, 3, 3, stride=2, padding=1), normal(2, 2, 7, 6)),
    "conv-nobias": lambda: (nn.Conv2d(3, 2, 3, padding="same", bias=False), normal(2, 3, 4, 5)),
    "conv-sides": lambda: (nn.Conv2d(2, 3, (3, 1), padding="same"), normal(2, 2, 5, 4)),
    "conv-dilation": lambda: (nn.Conv2d(2, 3, (3, 5), padding="same", dilation=2), normal(2, 2, 6, 5)),
    "conv-groups": lambda: (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), normal(2, 4, 7, 6)),
    "conv-depthwise": lambda: (nn.Conv2d(3, 3, 3, padding=1, groups=3), normal(2, 3, 6, 5)),
    "conv-depthwise-stride": lambda: (nn.Conv2d(3, 3, 3, stride=2, padding=1, groups=3, bias=False), normal(2, 3, 7, 6)),
    "conv-multiplier": lambda: (nn.Conv2d(2, 4, 3, groups=2, dilation=2), normal(2, 2, 7, 6)),
    "convtranspose": lambda: (nn.ConvTranspose2d(3, 2, (3, 2)), normal(2, 3, 4, 5)),
    "convtranspose-double": lambda: (nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1), normal(2, 3, 4, 3)),
    "convtranspose-groups": lambda: (nn.ConvTranspose2d(4, 6, 3, stride=3, groups=2, dilation=2, output_padding=2, bias=False), normal(2, 4, 2, 3)),
    "decoder": lambda: (nn.Sequential(nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(2, 1, 2, stride=2), nn.Sigmoid()),
                        normal(2, 3, 2, 2)),
    "depthwise-separable": lambda: (nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=4), nn.ReLU(),
                                                  nn.Conv2d(4, 5, 1), nn.Tanh(), nn.Flatten(), nn.Linear(45, 3)), normal(2, 2, 6, 5)),
    "maxpool": lambda: (nn.MaxPool2d(2), normal(2, 2, 4, 6)),
    "avgpool": lambda: (nn.AvgPool2d(2), normal(2, 2, 4, 6)),
    "maxpool-stem": lambda: (nn.MaxPool2d(3, stride=2, padding=1), normal(2, 2, 7, 6)),
    "maxpool-overlap": lambda: (nn.MaxPool2d(3, stride=1), normal(2, 2, 5, 6)),
    "avgpool-stem": lambda: (nn.AvgPool2d(3, stride=2, padding=1), normal(2, 2, 7, 6)),
    "avgpool-overlap": lambda: (nn.AvgPool2d(2, stride=1, padding=1), normal(2, 2, 4, 5)),
    "globalavgpool": lambda: (nn.AdaptiveAvgPool2d(1), normal(2, 3, 4, 5)),
    "batchnorm": lambda: (nn.BatchNorm1d(4), normal(5, 4)),
    "batchnorm-maps": lambda: (nn.BatchNorm2d(3), normal(3, 3, 2, 4)),
    "layernorm": lambda: (nn.LayerNorm(6), normal(3, 6)),
    "attention": lambda: (Attention(6, 2), normal(3, 5, 6)),
    "attention-masked": lambda: (Attention(6, 3, 9), padded(3, 5, 6)),
    "positions": lambda: (Positions(4, 3), normal(3, 4, 3)),
    "embedding": lambda: (nn.Embedding(7, 4), torch.randint(0, 7, (3, 5))),
    "stepmeans": lambda: (Means(), normal(3, 4, 5)),
    "stepnorm": lambda: (nn.LayerNorm(6), normal(3, 4, 6)),
    "transformer": lambda: (nn.TransformerEncoderLayer(6, 2, 8, dropout=0, activation="gelu", batch_first=True, norm_first=True), normal(3, 5, 6)),
    "sigmoid": lambda: (nn.Sigmoid(), normal(3, 7)),
    "tanh": lambda: (nn.Tanh(), normal(3, 7)),
    "relu": lambda: (nn.ReLU(), normal(3, 7)),
    "leakyrelu": lambda: (nn.LeakyReLU(0.2), normal(3, 7)),
    "elu": lambda: (nn.ELU(), normal(3, 7)),
    "elu-alpha": lambda: (nn.ELU(0.3), normal(3, 7)),
    "selu": lambda: (nn.SELU(), normal(3, 7)),
    "softplus": lambda: (nn.Softplus(), normal(3, 7)),
    "prelu": lambda: (nn.PReLU(7), normal(3, 7)),
    "prelu-maps": lambda: (nn.PReLU(3), normal(2, 3, 4, 5)),
    "prelu-shared": lambda: (nn.PReLU(), normal(2, 3, 4, 5)),
    "gelu": lambda: (nn.GELU(), normal(3, 7)),
    "silu": lambda: (nn.SiLU(), normal(3, 7)),
    "softmax": lambda: (nn.Softmax(1), normal(3, 7)),
    "rnn": lambda: (Steps("RNN", 3, 2), normal(2, 4, 3)),
    "lstm": lambda: (Steps("LSTM", 3, 2), normal(2, 4, 3)),
    "lstm-both": lambda: (Steps("LSTM", 3, 2, bidirectional=True), normal(2, 4, 3)),
    "gru": lambda: (Steps("GRU", 3, 2), normal(2, 4, 3)),
    "gru-both": lambda: (Steps("GRU", 3, 2, bidirectional=True), normal(2, 4, 3)),
    "gru-lengths": lambda: (Lengths("GRU", 3, 2, bidirectional=True), lengths(normal(3, 4, 3))),
    "lstm-lengths": lambda: (Lengths("LSTM", 3, 2, bidirectional=True), lengths(normal(3, 4, 3))),
    "convnet": lambda: (nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 3)),
                        normal(3, 1, 6, 6)),
}

# An optimizer is a line here and a line in train/torch_test.go. Its learning rate must fit float32, for that is how it is stored.
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.25),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.25, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.25, momentum=0.9, nesterov=True, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.0625, weight_decay=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.25, weight_decay=0.1),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=1, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.0625, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.0625, weight_decay=0.1),
}


def layer(module, x):
    """The arrays of a layer: input x, output gradient dy, output y in training and in evaluation, gradient dx; of each parameter, its value
    w.NAME, gradient dw.NAME and value after one step at rate 0.1, after.NAME; and the running statistics after it."""
    module = module.double()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(normal(*p.shape) / 2)
    evaluated = module.eval()(x)
    arrays = {"x": x} | {"w." + name: p.detach().clone() for name, p in module.named_parameters()}
    arrays["eval"] = evaluated
    if x.is_floating_point():
        x.requires_grad_()
    y = module.train()(x)
    dy = normal(*y.shape)
    (y * dy).sum().backward()
    arrays |= {"y": y, "dy": dy}
    if x.is_floating_point():
        arrays["dx"] = x.grad
    for name, p in module.named_parameters():
        arrays |= {"dw." + name: p.grad, "after." + name: p.detach() - 0.1 * p.grad}
    return arrays | {"running." + name: b for name, b in module.named_buffers() if b.is_floating_point()}


def optimizer(make):
    """The arrays of an optimizer: weights w, gradients g of five steps, and the weights after each."""
    w = nn.Parameter(normal(6))
    o = make([w])
    rates = o.param_groups[0]
    arrays = {"w": w.detach().clone(), "eta": torch.tensor([rates["lr"]]), "decay": torch.tensor([rates["weight_decay"]])}
    g, after = normal(5, 6), []
    for row in g:
        w.grad = row.clone()
        o.step()
        after.append(w.detach().clone())
    return arrays | {"g": g, "after": torch.stack(after)}


def write(name, make):
    torch.manual_seed(zlib.crc32(name.encode()))
    arrays = make()
    np.savez_compressed(name + ".npz", **{k: v.detach().numpy().astype(np.float32) for k, v in arrays.items()})


if __name__ == "__main__":
    for name, make in LAYERS.items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            write(name, lambda: layer(*make()))
    for name, make in OPTIMIZERS.items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            write(name, lambda: optimizer(make))
