#!/usr/bin/env bash
# What a GPU machine runs: needs a driver, and for `sanitize` the toolkit's compute-sanitizer.
#
#   run.sh test      every test on every device, and once with kernels compiled here by NVRTC
#   run.sh sanitize  the same tests, a sample of their cases, under the four sanitizers
#   run.sh bench     times of every variant beside its rivals and a copy; takes the arguments of
#                    `robocache-bench run`, and rivals from `python3` or ROBOCACHE_PYTHON
#   run.sh profile   what Nsight Compute says of the launches of one cold call each of `VARIANT SHAPE`, given in
#                    pairs, else of those that are behind a copy by more than the others
#   run.sh soak H    random cases on every device for H hours; more arguments are the soak's, and a
#                    folder of results that holds a soak is continued
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
chmod -R u+x "$here/tests" "$here/robocache" "$here/robocache-bench" "$here/soak"

# run_tests NAME "TESTS" COMMAND...: runs the tests under the command, into NAME.log.
run_tests() {
    local log=$out/$1.log part=$out/$1.part tests=$2 failed=0 skipped=()
    shift 2
    : >"$log"
    for name in ${ROBOCACHE_TEST_SKIP:-}; do
        skipped+=(--skip "$name")
    done
    for test in $tests; do
        if "$@" "$here/tests/$test" --nocapture ${skipped[@]+"${skipped[@]}"} >"$part" 2>&1; then
            echo "$test: $(grep -hE '^test result|SUMMARY' "$part" | tr '\n' ' ')"
        else
            failed=1
            echo "$test: FAILED"
            grep -nE "panicked|Error|SUMMARY" -A 3 "$part" | head -n 40 || true
        fi
        cat "$part" >>"$log"
        rm -f "$part"
    done
    return "$failed"
}

# The tests that use a device; sanitizers refuse programs that do not.
on_device="trajectory-edges trajectory-invariants trajectory-property voxelize-collect voxelize-device voxelize-edges voxelize-property"

case ${1:-} in
test)
    status=0
    run_tests test "$(cd "$here/tests" && echo *)" || status=1
    echo "with kernels compiled by NVRTC on this machine:"
    export ROBOCACHE_COMPILE=always
    export ROBOCACHE_TEST_SEEDS=${ROBOCACHE_TEST_SEEDS:-500}
    run_tests test-nvrtc "$on_device" || status=1
    exit "$status"
    ;;
sanitize)
    export ROBOCACHE_TEST_SEEDS=${ROBOCACHE_TEST_SEEDS:-150}
    # Each program on one processor, so that it has one kernel in flight at a time: with several,
    # racecheck can take for ever. The programs run side by side instead.
    jobs=() processor=0
    for tool in memcheck racecheck initcheck synccheck; do
        # Every n-th trial on the device; what is large for the sake of caches and grids alone says nothing here.
        thin=16 skip="past_the_caches 70_000"
        [ "$tool" = racecheck ] && thin=64
        for test in $on_device; do
            ROBOCACHE_TEST_THIN=$thin ROBOCACHE_TEST_SKIP="$skip" run_tests "$tool-$test" "$test" timeout "${ROBOCACHE_SANITIZE_SECONDS:-540}" \
                taskset -c $((processor++ % $(nproc))) \
                compute-sanitizer --tool "$tool" --error-exitcode 9 --print-limit 5 \
                >"$out/$tool-$test.line" 2>&1 &
            jobs+=("$!:$tool-$test")
        done
    done
    status=0
    for job in "${jobs[@]}"; do
        wait "${job%%:*}" || status=1
        echo "${job#*:} -> $(cat "$out/${job#*:}.line")"
        rm -f "$out/${job#*:}.line"
    done
    exit "$status"
    ;;
bench)
    shift
    "$here/robocache-bench" run --commit "$(cat "$here/commit")" --scripts "$here/peers" --out "$out/bench" "$@"
    ;;
profile)
    shift
    mkdir -p "$out/profile"
    [ $# -gt 0 ] || set -- \
        trajectory.bulk.sm90 "8x250x128->125 f32" \
        trajectory.span.sm90 "4096x500x7->250 f32 nearest i64-times" \
        trajectory.span.sm90 "4096x500x7->250 bf16" \
        trajectory.span.sm90 "64x5000x7->50000 f32" \
        trajectory.span.sm90 "64x50000x7->5000 f32" \
        trajectory.mixed.sm90 "4096x500x7->250 f32 pose" \
        trajectory.mixed.sm90 "4096x500x14->250 f32 pchip"
    sections=()
    for section in SpeedOfLight LaunchStats Occupancy SchedulerStats WarpStateStats MemoryWorkloadAnalysis InstructionStats; do
        sections+=(--section "$section")
    done
    while [ $# -ge 2 ]; do
        operation=${1%%.*}
        name=$(echo "$1-$2" | sed -e 's|[^A-Za-z0-9.]\+|-|g' -e 's|^trajectory\.||')
        # One call to warm up, and one that is looked at: of as many kernels as a call launches.
        launches=1
        [ "$operation" = voxelize ] && launches=${ROBOCACHE_PROFILE_LAUNCHES:-5}
        printf '%s\n' "{\"do\":\"open\",\"operation\":\"$operation\",\"shape\":\"$2\",\"seed\":1}" \
            "{\"do\":\"time\",\"subject\":\"$1\",\"cache\":\"cold\",\"runs\":1,\"warmup\":1,\"delay\":0}" |
            ncu --clock-control none --kernel-name "regex:^${operation}_" --launch-skip "$launches" --launch-count "$launches" --print-details all \
                "${sections[@]}" --metrics group:smsp__pcsamp_warp_stall_reasons \
                "$here/robocache-bench" serve --device cuda:0 |
            grep -E '^  (trajectory|voxelize)_|^    Section:|^    [A-Za-z].*  [0-9][0-9.,]*$' | grep -v 'Charts*$' >"$out/profile/$name.txt"
        echo "$name: $(grep -m1 -E '^ +Duration' "$out/profile/$name.txt" | tr -s ' ')"
        shift 2
    done
    ;;
soak)
    shift
    hours=${1:?say for how many hours}
    shift
    "$here/soak" --hours "$hours" --report "$out/soak" --commit "$(cat "$here/commit")" "$@"
    ;;
doctor) "$here/robocache" doctor ;;
*)
    sed -n '2,14s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
