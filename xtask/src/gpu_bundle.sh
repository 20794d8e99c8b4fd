#!/usr/bin/env bash
# What a GPU machine runs: needs a driver, and for `sanitize` the toolkit's compute-sanitizer.
#
#   run.sh test      every test on every device, and once with kernels compiled here by NVRTC
#   run.sh sanitize  the same tests, fewer cases, under the four sanitizers
#   run.sh bench     times of every variant and of a launch on the host, raw samples as JSON
#   run.sh doctor    what the command says of this machine
#
# Results go to the folder named by OUT, else beside this script.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$here/results}
mkdir -p "$out"
export ROBOCACHE_REQUIRE_GPU=1
ROBOCACHE_CACHE_DIR=$(mktemp -d)
export ROBOCACHE_CACHE_DIR
chmod -R u+x "$here/tests" "$here/robocache" "$here/variants"

run_tests() { # a name for the log, then what to run the tests under
    local log=$out/$1.log failed=0
    shift
    : >"$log"
    for test in "$here"/tests/*; do
        echo "== $(basename "$test")" | tee -a "$log"
        if ! "$@" "$test" --nocapture >>"$log" 2>&1; then
            failed=1
            echo "FAILED: $(basename "$test")"
            grep -nE "panicked|ERROR|=========" "$log" | tail -n 15 || true
        fi
        grep -E "^test result|ERROR SUMMARY|RACECHECK SUMMARY" "$log" | tail -n 2
    done
    return "$failed"
}

case ${1:-} in
test)
    run_tests test
    echo "with kernels compiled by NVRTC on this machine:"
    ROBOCACHE_COMPILE=always ROBOCACHE_TEST_SEEDS=${ROBOCACHE_TEST_SEEDS:-300} run_tests test-nvrtc
    ;;
sanitize)
    export ROBOCACHE_TEST_SEEDS=${ROBOCACHE_TEST_SEEDS:-60}
    status=0
    for tool in memcheck racecheck initcheck synccheck; do
        echo "-- $tool"
        run_tests "$tool" compute-sanitizer --tool "$tool" --error-exitcode 9 --print-limit 5 || status=1
    done
    exit "$status"
    ;;
bench)
    shift
    "$here/variants" --device cuda:0 --commit "$(cat "$here/commit")" --out "$out/variants.json" "$@"
    ;;
doctor) "$here/robocache" doctor ;;
*)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
