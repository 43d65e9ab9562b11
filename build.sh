#!/usr/bin/env bash
# The one command of a developer. Verbs:
#   (none)  restore, build, format check, test, pack
#   test    build and run the tests (not the slow ones); the last line counts them
#   slow    the same for the tests with the trait Speed=Slow
#   fuzz    [MINUTES] attack every reader with spoiled files, 60 minutes by default; writes benchmarks/results/reliability/fuzz.json
#   faults  make every step on the disk fail in turn, for every verb; writes benchmarks/results/reliability/crash-points-*.json
#   docs    write the generated parts of the docs from the committed results, and the approved tables of rooms and public types
#   format  rewrite the code in the house style
#   pack    the packages in artifacts/: the .NET tool, the library and the kernels
#   native  the ONNX Runtime operators as shared libraries in artifacts/native/avx2 and avx512 (needs a C compiler)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
configuration=Release

build() { dotnet build Qua2SeDiMo.slnx -c $configuration -v quiet --nologo; }

# The ten slowest tests of the results in a folder.
slowest() {
    echo "Slowest tests:"
    cat "$1"/*.trx 2>/dev/null | grep -o '<UnitTestResult [^>]*' \
        | sed -n 's/.* testName="\([^"]*\)".* duration="\([0-9:.]*\)".*/\2 \1/p' | sort -r | head -n 10 | sed 's/^/    /' || true
}

# Runs every test project and closes with the line 'N passed, N failed'.
run_tests() {
    local filter=$1 results failed=0
    results=$(mktemp -d)
    dotnet test Qua2SeDiMo.slnx -c $configuration --no-build --nologo --filter "$filter" \
        --logger "trx" --logger "console;verbosity=minimal" --results-directory "$results" || failed=1
    count() { cat "$results"/*.trx 2>/dev/null | grep -o "<Counters [^>]*" | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum + 0 }'; }
    local passed broken
    slowest "$results"
    passed=$(count passed)
    broken=$(( $(count failed) + $(count error) + $(count timeout) + $(count aborted) ))
    rm -rf "$results"
    if [ "$failed" -ne 0 ] && [ "$broken" -eq 0 ]; then broken=1; fi
    if [ "$passed" -eq 0 ]; then failed=1; fi
    echo "$passed passed, $broken failed"
    return $failed
}

pack() {
    for project in Qua2SeDiMo.Kernels Qua2SeDiMo Qua2SeDiMo.Cli; do dotnet pack src/$project -c $configuration --no-build -v quiet --nologo -o artifacts; done
}

case "${1:-all}" in
    all)
        build
        dotnet tool restore >/dev/null
        dotnet csharpier check src tests benchmarks samples
        pack
        run_tests "Speed!=Slow"
        ;;
    test) build; run_tests "Speed!=Slow" ;;
    slow) build; run_tests "Speed=Slow" ;;
    fuzz)
        build
        dotnet run --project tests/Qua2SeDiMo.Fuzz -c $configuration --no-build -- --minutes "${2:-60}" --out benchmarks/results/reliability/fuzz.json
        ;;
    faults)
        build
        Q2_RELIABILITY_RESULTS=$PWD/benchmarks/results/reliability \
            dotnet test tests/Qua2SeDiMo.Cli.Tests -c $configuration --no-build --nologo --filter "FullyQualifiedName~fault_at_every_point"
        ;;
    docs) build; Q2_REFRESH_DOCS=1 dotnet test tests/Qua2SeDiMo.Tests -c $configuration --no-build --nologo --filter "FullyQualifiedName~.Docs.|FullyQualifiedName~RoomRules|FullyQualifiedName~ApprovedApi" ;;
    format) dotnet tool restore >/dev/null; dotnet csharpier format src tests benchmarks samples ;;
    pack) build; pack ;;
    native)
        rid=$(dotnet --info | sed -n 's/^ *RID: *//p')
        for avx512 in false true; do
            dotnet publish src/Qua2SeDiMo.Native -c $configuration -r "$rid" -p:Avx512=$avx512 -v quiet --nologo -o "artifacts/native/$([ $avx512 = true ] && echo avx512 || echo avx2)"
        done
        ;;
    *) sed -n "2,12p" "$0" >&2; exit 2 ;;
esac
