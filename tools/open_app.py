"""Open napari with the sample chest CT and the workbench."""

from __future__ import annotations

import napari

PLUGIN = "napari-covseg"


def main() -> None:
    """Open the window and stay until it is closed."""
    viewer = napari.Viewer(title="napari-covseg")
    viewer.open_sample(PLUGIN, "phantom")
    viewer.window.add_plugin_dock_widget(PLUGIN, "CovSeg")
    napari.run()


if __name__ == "__main__":
    main()
