# What the scripts beside this one share. Sourced from the root of the project.
tools=$PWD/.ci/.tools

headline() { printf '\n== %s\n' "$1"; }

# Installs .ci/requirements-NAME.txt into a virtual environment of its own, unless that very list is installed there.
environment() {
  local list=.ci/requirements-$1.txt into=$tools/$1
  if cmp --silent "$list" "$into/installed.txt"; then return; fi
  # pip checks hashes of all packages of a run or of none: so those that have one go first, alone
  rm -rf "$into" &&
    python3 -m venv "$into" &&
    sed -n 's/^\([^# ]*\) *# \(sha256:.*\)/\1 --hash=\2/p' "$list" >"$into/hashed.txt" &&
    if [ -s "$into/hashed.txt" ]; then pip_install "$into" --no-deps --require-hashes -r "$into/hashed.txt"; fi &&
    pip_install "$into" -r "$list" &&
    cp "$list" "$into/installed.txt"
}

pip_install() { "$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"; }

# Runs a command with the tools of the sam environment. No region is contacted, but sam wants to know one.
with_sam() { PATH=$tools/sam/bin:$PATH SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 "$@"; }

# Fails unless each of these files is a program for that machine (as readelf names it) that the functions' runtime can load:
# provided.al2023 has version 2.34 of the C library.
fits_runtime() {
  local machine=$1 program newest
  for program in "${@:2}"; do
    readelf --file-header "$program" | grep "Machine: .*$machine" >/dev/null ||
      { echo "$program is not for $machine" >&2; return 1; }
    newest=$(readelf --version-info "$program" | grep --only-matching 'GLIBC_[0-9.]*' | sort --version-sort | tail --lines 1)
    [ "$(printf '%s\n' "$newest" GLIBC_2.34 | sort --version-sort | tail --lines 1)" = GLIBC_2.34 ] ||
      { echo "$program needs $newest, and the runtime has GLIBC_2.34" >&2; return 1; }
  done
}
