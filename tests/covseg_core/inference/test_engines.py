from __future__ import annotations

import importlib.util
import warnings

import pytest
import torch

from covseg_core.errors import UsageError
from covseg_core.inference import engines
from covseg_core.inference.config import PredictSettings
from covseg_core.inference.engines import (
    BatchRunner,
    OpenVinoEngine,
    TorchEngine,
    make_engine,
    make_runner,
)

pytestmark = pytest.mark.usefixtures("one_thread")

SLICES = torch.arange(10.0).view(10, 1, 1, 1).expand(10, 3, 4, 4) / 10
OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"),
    MemoryError(),
]


class FakeEngine:
    """Holds no more than `room` slices and raises `error` for more."""

    name = "fake"

    def __init__(self, room, error, device="cuda"):
        self.room, self.error, self.device = room, error, device
        self.batches = []

    def __call__(self, slices):
        self.batches.append(len(slices))
        if len(slices) > self.room:
            raise self.error
        return slices[:, :1] + 100


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_the_batch_is_halved_until_it_fits_and_no_slice_is_lost(error, bright_network):
    engine = FakeEngine(2, error)
    runner = BatchRunner(engine, bright_network, batch_size=8)
    torch.testing.assert_close(runner.run(SLICES), SLICES[:, :1] + 100)
    assert engine.batches == [8, 4, 2, 2, 2, 2, 2]
    assert runner.notes == [
        "memory ran out; went on with 4 at once",
        "memory ran out; went on with 2 at once",
    ]


def test_the_next_slices_begin_with_the_batch_that_fitted(bright_network):
    engine = FakeEngine(2, MemoryError())
    runner = BatchRunner(engine, bright_network, batch_size=8)
    runner.run(SLICES)
    engine.batches.clear()
    runner.run(SLICES)
    assert engine.batches == [2, 2, 2, 2, 2]


@pytest.mark.parametrize(("count", "size"), [(1, 8), (8, 8), (9, 4), (3, 1)])
def test_batches_of_every_size_keep_the_order_of_slices(count, size, bright_network):
    runner = BatchRunner(FakeEngine(99, None), bright_network, batch_size=size)
    expected = SLICES[:count, :1] + 100
    torch.testing.assert_close(runner.run(SLICES[:count]), expected)


def test_the_cpu_takes_over_when_the_device_cannot_hold_one_slice(bright_network):
    class FullAfterOne(FakeEngine):
        def __call__(self, slices):
            if self.batches:
                raise self.error
            return super().__call__(slices)

    engine = FullAfterOne(1, torch.OutOfMemoryError("out of memory"), "cuda:1")
    runner = BatchRunner(engine, bright_network, batch_size=1)
    answer = runner.run(SLICES)
    torch.testing.assert_close(answer[:1], SLICES[:1, :1] + 100)
    torch.testing.assert_close(answer[1:], SLICES[1:, :1])
    assert (runner.engine.name, runner.engine.device) == ("torch", "cpu")
    assert runner.notes == ["memory of cuda:1 ran out; went on on cpu"]


def test_a_cpu_that_cannot_hold_one_slice_gives_up_in_a_sentence(bright_network):
    engine = FakeEngine(0, MemoryError(), "cpu")
    with pytest.raises(MemoryError, match=r"one slice does not fit .* smaller model"):
        BatchRunner(engine, bright_network, batch_size=4).run(SLICES)
    assert engine.batches == [4, 2, 1]


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("out of memory")]
)
def test_other_errors_pass_through_at_once(error, bright_network):
    engine = FakeEngine(0, error)
    runner = BatchRunner(engine, bright_network, batch_size=4)
    with pytest.raises(type(error), match=str(error)):
        runner.run(SLICES)
    assert engine.batches == [4]
    assert runner.notes == []


def test_torch_gives_probabilities_on_the_cpu_without_gradients(bright_network):
    answer = TorchEngine(bright_network, "cpu")(SLICES)
    torch.testing.assert_close(answer, SLICES[:, :1])
    assert answer.dtype == torch.float32
    assert not answer.requires_grad


def agree(network):
    """Whether OpenVINO, started without a warning, answers as torch does."""
    pytest.importorskip("openvino")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = OpenVinoEngine(network, 64)
    theirs = TorchEngine(network, "cpu")
    rng = torch.Generator().manual_seed(1)
    for count in (1, 3):
        slices = torch.randn(count, 3, 64, 64, generator=rng)
        expected = theirs(slices)
        assert expected.std() > 0.05
        torch.testing.assert_close(ours(slices), expected, rtol=0, atol=1e-3)


def test_openvino_and_torch_agree_on_batches_of_every_size(small_network):
    agree(small_network)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "more"), [("infnet", {}), ("multi-infnet", {"width": 4})]
)
def test_openvino_and_torch_agree_on_whole_networks(architecture, more, tiny):
    from covseg_core.models import create_model

    torch.manual_seed(3)
    network = create_model(architecture, **tiny, **more)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    # One pass settles the statistics, so that the answer is not flat.
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64))
    agree(network.eval())


@pytest.fixture
def cuda(monkeypatch):
    """Pretend that there are so many CUDA devices."""

    def pretend(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return pretend


@pytest.fixture
def openvino(monkeypatch):
    """Pretend that OpenVINO is there, or is not."""

    def pretend(there):
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: object() if there else None
        )
        monkeypatch.setattr(engines, "OpenVinoEngine", lambda network, size: "openvino")
        monkeypatch.setattr(engines, "TorchEngine", lambda network, device: device)

    return pretend


@pytest.mark.parametrize(
    ("device", "engine", "devices", "installed", "chosen"),
    [
        ("auto", "auto", 0, True, "cpu"),
        ("cpu", "openvino", 2, True, "openvino"),
        ("auto", "auto", 2, True, "cuda"),
        ("auto", "torch", 0, True, "cpu"),
        ("auto", "openvino", 2, True, "openvino"),
        ("cpu", "auto", 2, True, "cpu"),
        ("cpu", "openvino", 0, True, "openvino"),
        ("cuda:1", "auto", 2, True, "cuda:1"),
        ("cuda", "torch", 1, True, "cuda"),
    ],
)
def test_the_engine_follows_device_and_what_is_installed(
    device, engine, devices, installed, chosen, cuda, openvino, bright_network
):
    cuda(devices)
    openvino(installed)
    settings = PredictSettings(device=device, engine=engine)
    assert make_engine(bright_network, 64, settings) == chosen


@pytest.mark.parametrize(
    ("device", "engine", "devices", "installed", "sentence"),
    [
        (
            "cuda",
            "auto",
            0,
            True,
            "no device 'cuda': torch sees 0 CUDA .*--device auto",
        ),
        (
            "cuda:2",
            "auto",
            2,
            True,
            r"no device 'cuda:2': torch sees 2 CUDA device\(s\)",
        ),
        ("cuda", "openvino", 1, True, "openvino runs on the cpu; leave --device away"),
        (
            "auto",
            "openvino",
            0,
            False,
            "openvino is not installed; install it with: pip",
        ),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    device, engine, devices, installed, sentence, cuda, openvino, bright_network
):
    cuda(devices)
    openvino(installed)
    settings = PredictSettings(device=device, engine=engine)
    for make in (make_engine, make_runner):
        with pytest.raises(UsageError, match=sentence):
            make(bright_network, 64, settings)


def test_a_device_that_cannot_hold_the_network_leaves_it_to_the_cpu(
    monkeypatch, cuda, bright_network
):
    cuda(1)

    def full(network, device):
        if device != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "on the cpu"

    monkeypatch.setattr(engines, "TorchEngine", full)
    runner = make_runner(bright_network, 64, PredictSettings(device="cuda"))
    assert runner.engine == "on the cpu"
    assert runner.notes == [
        "the engine failed to start (OutOfMemoryError); torch on cpu ran"
    ]


def test_an_openvino_that_fails_is_not_replaced_in_silence(monkeypatch, bright_network):
    def fail(network, size):
        raise RuntimeError("unknown operator")

    monkeypatch.setattr(engines, "OpenVinoEngine", fail)
    monkeypatch.setattr(engines, "_has_openvino", lambda: True)
    with pytest.raises(RuntimeError, match="unknown operator"):
        make_runner(bright_network, 64, PredictSettings(engine="openvino"))


def test_a_device_that_fails_for_another_reason_is_not_hidden(
    monkeypatch, cuda, bright_network
):
    cuda(1)

    def fail(network, device):
        raise RuntimeError("no kernel image is available")

    monkeypatch.setattr(engines, "TorchEngine", fail)
    with pytest.raises(RuntimeError, match="no kernel image"):
        make_runner(bright_network, 64, PredictSettings(device="cuda"))
