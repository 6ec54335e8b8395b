"""The commands, by name; each is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

from covseg_core import __version__

__all__ = ["make_app"]

COMMANDS = {
    "demo": "Run the main job on a sample CT with the bundled model.",
    "inspect": "Tell what would be loaded from a scan, or why it is refused.",
    "convert": "Write a loaded CT as NIfTI in Hounsfield units.",
    "predict": "Outline infection on scans or 8-bit slices.",
    "whatif": "Imagine a scan as healthy or diseased, with a StichNet.",
    "lungs": "Find the right and the left lung.",
    "severity": "Score how much of the lungs is diseased, and report it.",
    "evaluate": "Measure how well predictions agree with a reader's masks.",
    "train": "Train a model on the cases of a store, or go on from a parent.",
    "pretrain": "Learn from scans without masks, for train to go on from.",
    "pseudo-label": "Outline scans with a model, as cases to learn from.",
    "self-train": "Train a model in rounds on its own masks of unlabelled scans.",
    "sample": "Write the sample chest CT with its true masks.",
    "doctor": "Tell what this computer has and lacks, and how to get it.",
}
MODEL_COMMANDS = {
    "list": "List models, or architectures with their size.",
    "show": "Show a model's card.",
    "promote": "Let predict run a model when none is named.",
    "rollback": "Let predict run the model again that was promoted before.",
    "import": "Add a bundle, a model folder, or published Inf-Net and U-Net weights.",
    "export": "Write a model as one file for others.",
    "pull": "Add a model from the Hugging Face hub.",
    "push": "Put a model on the Hugging Face hub.",
    "remove": "Delete one of your models.",
}
CASE_COMMANDS = {
    "add": ("add:add", "Add a scan, a mask of it, or both."),
    "import": (
        "import_:import_command",
        "Add a public collection, or many files of your own.",
    ),
    "list": (
        "show:list_command",
        "List cases with patient, split, state and newest mask.",
    ),
    "show": ("show:show", "Show a case and its masks."),
    "diff": ("diff:diff", "Tell what changed between two masks of a case."),
    "state": ("state:state", "Say how far a case is."),
    "severity": ("severity:severity", "Write the scores of every case as a table."),
    "verify": ("verify:verify", "Check every byte of a store."),
    "export": ("export:export", "Write the finished cases for nnU-Net or MONAI."),
}
PACS_COMMANDS = {
    "find": ("find:find", "List the series that a PACS has."),
    "fetch": ("fetch:fetch", "Fetch one series from a PACS as DICOM files."),
    "store": ("store:store", "Store segmentations and reports of covseg in a PACS."),
    "login": ("login:login", "Keep a login for a PACS in this computer's keyring."),
    "logout": ("login:logout", "Take a login out of the keyring again."),
    "add": ("names:add", "Give a PACS a name."),
    "list": ("names:list_command", "List the PACS that have a name."),
    "remove": ("names:remove", "Forget the name of a PACS, and its login."),
}


def make_app() -> App:
    """Build the program and its commands."""
    app = App(
        name="covseg",
        help="Outline COVID-19 and other lung infection on chest CT. Research only.",
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
    )
    for name, text in COMMANDS.items():
        place = name.replace("-", "_")
        app.command(f"covseg_core.cli.{place}:{place}", name=name, help=text)
    models = App(name="models", help="List, show, promote, share and remove models.")
    for name, text in MODEL_COMMANDS.items():
        app_path = f"covseg_core.cli.models:{name}_command"
        models.command(app_path, name=name, help=text)
    app.command(models)
    cases = App(name="cases", help="Keep scans with the masks made of them.")
    for name, (place, text) in CASE_COMMANDS.items():
        cases.command(f"covseg_core.cli.cases.{place}", name=name, help=text)
    app.command(cases)
    pacs = App(name="pacs", help="Find, fetch and store in a PACS over DICOMweb.")
    for name, (place, text) in PACS_COMMANDS.items():
        pacs.command(f"covseg_core.cli.pacs.{place}", name=name, help=text)
    app.command(pacs)
    return app
