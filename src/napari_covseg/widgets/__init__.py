"""The widgets of the plugin, one file each."""
