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
    "lungs": "Find the right and the left lung.",
    "sample": "Write the sample chest CT with its true masks.",
    "doctor": "Tell what this computer has, what is missing and how to get it.",
}
MODEL_COMMANDS = {
    "list": "List models, or architectures with their size.",
    "show": "Show a model's card.",
    "import": "Add a model folder, or published Inf-Net and U-Net weights.",
    "remove": "Delete one of your models.",
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
        app.command(f"covseg_core.cli.{name}:{name}", name=name, help=text)
    models = App(name="models", help="List, show, import and remove models.")
    for name, text in MODEL_COMMANDS.items():
        app_path = f"covseg_core.cli.models:{name}_command"
        models.command(app_path, name=name, help=text)
    app.command(models)
    return app
