#!/usr/bin/env bash
# Run a command where Qt can open windows: napari's canvas needs OpenGL, which
# Qt's offscreen platform lacks, so on Linux a virtual screen is used.
#
#   tools/with_display.sh .venv/bin/python -m pytest
set -euo pipefail

if [ "$(uname -s)" != Linux ]; then
  case "$(uname -s)" in
    Darwin) export QT_QPA_PLATFORM=cocoa ;;
    *) export QT_QPA_PLATFORM=windows ;;
  esac
  exec "$@"
fi

export QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1
if command -v xvfb-run >/dev/null; then
  exec xvfb-run --auto-servernum --server-args="-screen 0 1600x1200x24" "$@"
elif [ -n "${DISPLAY:-}" ]; then
  exec "$@"
fi
echo "with_display: no screen and no xvfb-run. Install the package xvfb." >&2
exit 1
