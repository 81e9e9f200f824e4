# What the scripts of this directory share; sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything a script keeps between two runs, outside the work tree: `rm -r` it after `docker/engine stop` to start afresh.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/partman-sidecar

# Messages go to stderr: stdout belongs to what a caller reads (`engine env`, `jdk`).
say() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# The project's version; pom.xml is the one place that has it.
project_version() {
    sed -n '/<artifactId>partman-sidecar</,/<version>/s/.*<version>\(.*\)<\/version>.*/\1/p' "$root/pom.xml"
}

# is_built FILE: Maven has made it, and no source is newer.
is_built() {
    [[ -e $1 && -z $(find "$root/pom.xml" "$root/src/main" -newer "$1" -print -quit) ]]
}

# The Debian mirror that this machine's apt uses already: an air-gapped site has its own.
debian_mirror() {
    local uri
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Label: Debian' 'Component: main' 2>/dev/null | head -n 1)
    if [[ -z $uri ]]; then # no package lists yet (a slim container): apt learns labels only from them
        apt-get -qq update >/dev/null 2>&1 || true
        uri=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Label: Debian' 'Component: main' 2>/dev/null | head -n 1)
    fi
    [[ -n $uri ]] || return 1
    printf '%s\n' "$uri"
}

# open_trixie DIRECTORY deb|deb-src: gives apt-get a configuration of its own, for Debian 13, in the array apt_options, so that the
# machine's sources and package state stay as they are.
open_trixie() {
    local apt=$1 mirror
    mirror=$(debian_mirror) || die "no Debian mirror in apt's sources: cannot fetch packages of Debian 13"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$2" "$mirror" >"$apt/sources.list"
    apt_options=(
        -qq
        -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root
    )
    apt-get "${apt_options[@]}" update >&2
}

# unpack_trixie DIRECTORY PACKAGE…: unpacks packages of Debian 13 without installing them.
unpack_trixie() {
    local directory=$1 apt=$1/apt apt_options deb
    shift
    open_trixie "$apt" deb
    mkdir "$apt/debs"
    (cd "$apt/debs" && apt-get "${apt_options[@]}" download "$@" >&2)
    for deb in "$apt"/debs/*.deb; do
        dpkg -x "$deb" "$directory"
    done
    rm -r "$apt"
}

# run_to_end COMMAND…: runs it and returns its exit code. A signal to this script ends the command with all that it started
# and waits for it, so that a clean-up comes after it. (Left alone, bash puts its trap off until the command has ended.)
run_to_end() {
    local pid code=0
    setsid "$@" &
    pid=$!
    # shellcheck disable=SC2064 # the pid of now
    trap "kill -TERM -- -$pid 2>/dev/null || true" INT TERM HUP
    wait "$pid" || code=$?
    while kill -0 "$pid" 2>/dev/null; do # a signal has ended `wait`, not yet the command
        wait "$pid" || code=$?
    done
    trap - INT TERM HUP
    return "$code"
}
