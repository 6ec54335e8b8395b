#!/usr/bin/env bash
# Make .venv and install the project into it; the Makefile calls this.
#
#   tools/setup.sh base     what the commands need
#   tools/setup.sh dev      also napari, a Qt binding, the tests and the checks
#   tools/setup.sh docs     what builds the documentation
#   tools/setup.sh system   only the system libraries that a window needs
#
# PYTHON=/path/to/python names the interpreter to build .venv with.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# ldconfig lies in /sbin, which is not on every user's path.
PATH="$PATH:/usr/sbin:/sbin"

# Library or program that must be there, and the Debian package that has it.
WINDOW_NEEDS="
  libEGL.so.1               libegl1
  libGL.so.1                libgl1
  libGLX_mesa.so.0          libglx-mesa0
  libX11-xcb.so.1           libx11-xcb1
  libdbus-1.so.3            libdbus-1-3
  libfontconfig.so.1        libfontconfig1
  libglib-2.0.so.0          libglib2.0-0
  libxcb-cursor.so.0        libxcb-cursor0
  libxcb-icccm.so.4         libxcb-icccm4
  libxcb-image.so.0         libxcb-image0
  libxcb-keysyms.so.1       libxcb-keysyms1
  libxcb-randr.so.0         libxcb-randr0
  libxcb-render-util.so.0   libxcb-render-util0
  libxcb-shape.so.0         libxcb-shape0
  libxcb-xinerama.so.0      libxcb-xinerama0
  libxcb-xkb.so.1           libxcb-xkb1
  libxkbcommon-x11.so.0     libxkbcommon-x11-0
  Xvfb                      xvfb
  xauth                     xauth
"

# Programs that some tests ask; those tests are skipped where they are missing.
CHECKS_NEED="
  dciodvfy                                            dicom3tools
  Orthanc                                             orthanc
  /usr/share/orthanc/plugins/libOrthancDicomWeb.so    orthanc-dicomweb
"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# A shim of a version manager may be on the path and still not run.
is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

has_venv() { $VENV/bin/python -m pip --version >/dev/null 2>&1; }

# The first that can make a .venv, else the first that is new enough.
find_python() {
  local candidate second_best=""
  set -- python3.13 python3.12 python3.11 python3 /usr/bin/python3
  [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
  for candidate; do
    is_new_enough "$candidate" || continue
    can_make_venv "$candidate" && echo "$candidate" && return
    second_best="${second_best:-$candidate}"
  done
  [ -n "$second_best" ] || fail "found no Python >= 3.11${PYTHON:+ at $PYTHON}." \
    "Install one, or name it: make PYTHON=/path/to/python3.12 test"
  echo "$second_best"
}

missing_venv_package() {
  can_make_venv "$1" ||
    "$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
}

missing_packages() {
  local need package libraries
  # Elsewhere the Qt wheels bring all they need.
  [ "$(uname -s)" = Linux ] || return 0
  libraries=$(ldconfig -p)
  while read -r need package; do
    case "$need" in
      "") ;;
      lib*) grep -qF "$need " <<<"$libraries" || echo "$package" ;;
      /*) [ -e "$need" ] || echo "$package" ;;
      *) command -v "$need" >/dev/null || echo "$package" ;;
    esac
  done <<<"$1"
}

install_packages() {
  [ $# -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "this system lacks what Debian calls: $*. Install its own packages for them."
  [ "$(id -u)" = 0 ] || fail "system packages are missing. Run: sudo apt-get install $*"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || say "apt-get update failed; trying with the lists there are"
  apt-get install -y -qq --no-install-recommends "$@" >&2
}

# Debian starts a server as soon as it is installed; the tests start their own.
install_checks() {
  [ $# -gt 0 ] || return 0
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] && install_packages "$@" ||
    { say "without $* some tests will be skipped"; return; }
  [[ " $* " != *" orthanc "* ]] || ! command -v systemctl >/dev/null ||
    systemctl disable --now orthanc >/dev/null 2>&1 || true
}

make_venv() {
  has_venv && return
  say "making $VENV with $("$1" --version)"
  "$1" -m venv --clear $VENV
}

pip_install() {
  say "installing $* (the first time, PyTorch alone is a few GB)"
  $VENV/bin/python -m pip install -q -c constraints.txt "$@"
}

kind="${1:-}"
case "$kind" in
  base) target=(-e .) ;;
  dev) target=(-e ".[napari,dev,openvino,pacs,views]" PyQt6) ;;
  docs) target=(-e ".[docs]") ;;
  system) target=() ;;
  *) fail "say one of base, dev, docs, system; got '$kind'." ;;
esac

packages=""
if [ "$kind" != system ] && ! has_venv; then
  python=$(find_python)
  packages+=" $(missing_venv_package "$python")"
fi
case "$kind" in
  dev | system) packages+=" $(missing_packages "$WINDOW_NEEDS")" ;;
esac
# shellcheck disable=SC2086 # one word per package
install_packages $packages
# shellcheck disable=SC2046
[ "$kind" != dev ] || install_checks $(missing_packages "$CHECKS_NEED")
[ "$kind" != system ] || exit 0

make_venv "${python:-}"
pip_install "${target[@]}"
touch "$VENV/.ready-base" "$VENV/.ready-$kind"
