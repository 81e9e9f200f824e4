# What a maintenance pass of the sidecar costs over many healthy sets, beside a bare call of pg_partman's own procedure on the same
# database, in turn; README's section "Maintenance pass". Sourced by docker/bench, whose functions it uses.
# shellcheck shell=bash

sets=200
passes=7

# A pass of the sidecar is what it logs as such: every set maintained, and a look at the database that proves it. It is run by the
# command `maintain`, which is measured as a whole, too: start, connections, a first look.
measure_maintenance() {
    query lago 'CREATE DATABASE maintenance'
    say "making $sets sets"
    run_sql maintenance -v "sets=$sets" -f /bench/sets.sql
    local i from
    : >"$scratch/bare"
    : >"$scratch/pass"
    : >"$scratch/command"
    for ((i = 0; i <= passes; i++)); do # the first of each warms the caches and does not count
        run_sql maintenance -c '\timing on' -c 'CALL partman.run_maintenance_proc()'
        sed -nE 's/^Time: ([0-9.]+) ms.*/\1/p' "$scratch/out" >>"$scratch/bare"
        from=$(now)
        run_to_end env -i PATH="$PATH" DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$port/maintenance" \
            PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED=false timeout "$limit" "$sidecar" maintain >"$scratch/maintained" 2>"$scratch/sidecar.log" || {
            tail -n 20 "$scratch/sidecar.log" >&2
            die "the sidecar's maintenance failed, or took longer than $limit s"
        }
        awk -v from="$from" -v to="$(now)" 'BEGIN { printf "%.1f\n", (to - from) * 1000 }' >>"$scratch/command"
        sed -nE 's/.*maintenance ended: .* took=PT([0-9.]+)S.*/\1/p' "$scratch/sidecar.log" | awk '{ printf "%.1f\n", $1 * 1000 }' >>"$scratch/pass"
        [[ $(grep -c ': success$' "$scratch/maintained") == "$sets" ]] || die "not every set was maintained"
    done
    [[ $(wc -l <"$scratch/pass") == "$((passes + 1))" ]] || die "the sidecar did not log how long its passes took"
    drop_database maintenance
    say "run_maintenance_proc: $(median "$scratch/bare") ms, the sidecar's pass: $(median "$scratch/pass") ms"
}

# median FILE: of all lines but the first
median() {
    tail -n +2 "$1" | LC_ALL=C sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

maintenance_result() {
    local bare
    bare=$(median "$scratch/bare")
    printf '| %s healthy sets, median of %s | ms | ratio |\n|---|---|---|\n' "$sets" "$passes"
    # shellcheck disable=SC2016 # Markdown
    maintenance_row '`CALL run_maintenance_proc()`' "$bare" "$bare"
    maintenance_row "the sidecar's pass: every set, and the look that proves it" "$(median "$scratch/pass")" "$bare"
    # shellcheck disable=SC2016 # Markdown
    maintenance_row 'the command `maintain` as a whole' "$(median "$scratch/command")" "$bare"
    printf '\n'
    machine
}

# maintenance_row WHAT MILLISECONDS BARE
maintenance_row() {
    printf '| %s | %s | %s |\n' "$1" "$(thousands "$(decimals 0 "$2")")" \
        "$(decimals 2 "$(awk -v bare="$3" -v time="$2" 'BEGIN { print time / bare }')")"
}
