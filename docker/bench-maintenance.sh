# What a maintenance pass of the sidecar costs over many healthy sets, beside a bare call of pg_partman's own procedure on the same
# database, in turn; README's section "Maintenance pass". Sourced by docker/bench, whose functions it uses.
# shellcheck shell=bash

sets=200
passes=7

# A pass of the sidecar is its command `maintain` as a whole: start, look at the database, every set, look again.
measure_maintenance() {
    query lago 'CREATE DATABASE maintenance'
    say "making $sets sets"
    run_sql maintenance -v "sets=$sets" -f /bench/sets.sql
    local i from
    : >"$scratch/bare"
    : >"$scratch/pass"
    for ((i = 0; i <= passes; i++)); do # the first of each warms the caches and does not count
        run_sql maintenance -c '\timing on' -c 'CALL partman.run_maintenance_proc()'
        sed -nE 's/^Time: ([0-9.]+) ms.*/\1/p' "$scratch/out" >>"$scratch/bare"
        from=$(now)
        run_to_end env -i PATH="$PATH" DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$port/maintenance" \
            PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED=false timeout "$limit" "$sidecar" maintain >"$scratch/maintained" 2>"$scratch/sidecar.log" || {
            tail -n 20 "$scratch/sidecar.log" >&2
            die "the sidecar's maintenance failed, or took longer than $limit s"
        }
        awk -v from="$from" -v to="$(now)" 'BEGIN { printf "%.1f\n", (to - from) * 1000 }' >>"$scratch/pass"
        [[ $(grep -c ': success$' "$scratch/maintained") == "$sets" ]] || die "not every set was maintained"
    done
    drop_database maintenance
    say "run_maintenance_proc: $(median "$scratch/bare") ms, the sidecar: $(median "$scratch/pass") ms"
}

# median FILE: of all lines but the first
median() {
    tail -n +2 "$1" | LC_ALL=C sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

maintenance_result() {
    local bare pass
    bare=$(median "$scratch/bare")
    pass=$(median "$scratch/pass")
    cat <<HEAD
| $sets healthy sets, median of $passes | ms | ratio |
|---|---|---|
HEAD
    # shellcheck disable=SC2016 # Markdown
    printf '| `CALL run_maintenance_proc()` | %s | 1.00 |\n' "$(thousands "$(decimals 0 "$bare")")"
    # shellcheck disable=SC2016 # Markdown
    printf '| `partman-sidecar maintain` | %s | %s |\n\n' "$(thousands "$(decimals 0 "$pass")")" \
        "$(decimals 2 "$(awk -v bare="$bare" -v pass="$pass" 'BEGIN { print pass / bare }')")"
    machine
}
