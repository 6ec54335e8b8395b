from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from covseg_core.errors import ModelRefusedError, UsageError
from covseg_core.models.import_published import ImportedWeights
from covseg_core.registry import importing
from covseg_core.registry.bundle import write_bundle
from covseg_core.registry.importing import add_model, import_model
from covseg_core.registry.store import find_model, list_models, models_folder
from covseg_core.registry.weights import load_model

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def published(tmp_path, network, tiny, monkeypatch):
    """A file that stands for a published state_dict, read as the tiny network."""

    def read(path, *, channel_order, prior):
        assert path.read_bytes() == b"weights"
        return ImportedWeights(
            "infnet", tiny, network.state_dict(), ("Dropped 2 tensors.",)
        )

    monkeypatch.setattr(importing, "import_state_dict", read)
    path = tmp_path / "Inf-Net-100.pth"
    path.write_bytes(b"weights")
    return path


def test_a_folder_is_copied_byte_by_byte_under_its_new_name(model_folder):
    entry = import_model(model_folder, "mine")
    assert entry.folder == models_folder() / "mine"
    stored = find_model("mine")
    assert stored.card.name == "mine"
    original = find_model(str(model_folder)).card
    assert stored.card == original.model_copy(update={"name": "mine"})
    assert (
        stored.weights.read_bytes()
        == (model_folder / "weights.safetensors").read_bytes()
    )
    assert load_model(stored).network is not None


def test_published_weights_become_a_model_that_says_what_is_known(published, network):
    import_model(published, "published")
    model = load_model(find_model("published"))
    card = model.card
    assert (card.architecture, card.label_set) == ("infnet", "infection")
    assert card.prepare.size == 352
    assert card.limits == "Dropped 2 tensors."
    assert "not known to covseg" in card.licence
    torch.testing.assert_close(
        dict(model.network.state_dict()), dict(network.state_dict()), rtol=0, atol=0
    )


@pytest.mark.parametrize("name", ["a/b", "../mine", "", ".hidden", "two words"])
def test_a_name_that_is_no_folder_name_is_refused_and_nothing_is_written(
    model_folder, published, name, covseg_home
):
    for path in (model_folder, published):
        with pytest.raises(ModelRefusedError, match="a model cannot be called"):
            import_model(path, name)
    assert list(covseg_home.glob("models/*/*.json")) == []


def test_a_taken_name_is_refused_the_bundled_ones_too(model_folder):
    import_model(model_folder, "mine")
    for name in ("mine", "hu-threshold"):
        with pytest.raises(
            ModelRefusedError, match=f"a model '{name}' already; choose"
        ):
            import_model(model_folder, name)
    assert find_model("hu-threshold").origin == "bundled"


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"label_set": "organs"}, {"heads": 3}]
)
def test_a_model_that_is_not_listed_is_not_overwritten(model_folder, put, change):
    card = put("mine", **change) / "card.json"
    before = card.read_bytes()
    with pytest.raises(ModelRefusedError, match="there is a model 'mine' already"):
        import_model(model_folder, "mine")
    assert card.read_bytes() == before


def test_a_damaged_folder_is_refused_and_leaves_nothing(model_folder):
    weights = model_folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelRefusedError, match="changed or cut"):
        import_model(model_folder, "mine")
    assert "mine" not in [entry.card.name for entry in list_models()]
    assert not (models_folder() / "mine").exists()


def test_a_model_without_weights_is_refused():
    with pytest.raises(ModelRefusedError, match="'hu-threshold' has no weights to imp"):
        import_model(find_model("hu-threshold").folder, "mine")


def test_a_path_that_is_not_there_is_refused_without_its_folder(tmp_path):
    with pytest.raises(ModelRefusedError) as refusal:
        import_model(tmp_path / "absent.pth", "mine")
    assert str(refusal.value) == "there is no file or folder 'absent.pth'."


def test_a_file_that_is_no_state_dict_is_refused(tmp_path):
    path = tmp_path / "letter.pth"
    path.write_text("dear reader")
    with pytest.raises(
        ModelRefusedError, match=r"letter\.pth cannot be read as weights"
    ):
        import_model(path, "mine")


def test_a_second_stage_alone_asks_for_its_prior(tmp_path, monkeypatch):
    lonely = ImportedWeights("multi-infnet", {}, {}, (), needs_prior=True)
    monkeypatch.setattr(importing, "import_state_dict", lambda *_, **__: lonely)
    path = tmp_path / "unet.pth"
    path.touch()
    with pytest.raises(ModelRefusedError, match=r"'unet\.pth' is the second .*--prior"):
        import_model(path, "mine")


def test_a_prior_for_a_folder_is_an_error_and_not_ignored(model_folder):
    with pytest.raises(
        UsageError, match="'tiny' is a folder of our own, which needs no"
    ):
        import_model(model_folder, "mine", prior=model_folder)


def test_an_order_of_channels_for_what_is_no_unet_is_an_error(model_folder, published):
    for path, told in ((model_folder, "'tiny' is a folder of"), (published, "no U-Ne")):
        with pytest.raises(UsageError, match=f"{told}.* needs no --channel-order"):
            import_model(path, "mine", channel_order="background-first")
    assert not (models_folder() / "mine").exists()


def test_a_bundle_becomes_the_model_that_it_was_made_from(model_folder, tmp_path):
    original = find_model(str(model_folder))
    bundle = tmp_path / "tiny.covseg.zip"
    write_bundle(original, bundle)
    import_model(bundle, "mine")
    stored = find_model("mine")
    assert stored.card == original.card.model_copy(update={"name": "mine"})
    assert stored.weights.read_bytes() == original.weights.read_bytes()
    assert load_model(stored).network is not None
    with pytest.raises(UsageError, match="is a bundle of our own, which needs no"):
        import_model(bundle, "other", prior=bundle)


def test_weights_that_do_not_fill_their_network_are_not_added(model_folder, tiny):
    entry = find_model(str(model_folder))
    other = entry.card.model_copy(update={"arguments": {**tiny, "channels": 4}})
    with pytest.raises(ModelRefusedError, match="not those of its architecture"):
        add_model(other, entry.weights.read_bytes(), "mine")
    wrong = entry.card.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(ModelRefusedError, match="not the ones that its card names"):
        add_model(wrong, entry.weights.read_bytes(), "mine")
    assert not (models_folder() / "mine").exists()


def test_a_newer_covsegs_card_is_refused(model_folder):
    path = model_folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"heads": 3}))
    with pytest.raises(ModelRefusedError, match=r"heads: Extra .* by a newer covseg"):
        import_model(model_folder, "mine")


@pytest.mark.slow
def test_a_state_dict_with_the_published_names_predicts_after_its_import(tmp_path):
    names = Path(__file__).parents[1] / "models" / "data" / "published_keys.json.gz"
    shapes = json.loads(gzip.decompress(names.read_bytes()))["resnet50"]
    rng = torch.Generator().manual_seed(5)
    state = {key: torch.rand(shape, generator=rng) for key, shape in shapes.items()}
    torch.save(state, tmp_path / "Inf-Net-100.pth")
    import_model(tmp_path / "Inf-Net-100.pth", "inf-net-100")
    network = load_model(find_model("inf-net-100")).network
    torch.testing.assert_close(
        network.encoder.body.conv1.weight, state["resnet.conv1.weight"]
    )
    with torch.inference_mode():
        answer = network.predict_probabilities(torch.randn(1, 3, 64, 64))
    assert answer.shape == (1, 1, 64, 64)
