# What the sidecar costs as a native executable: size, start, memory and processor time, beside Debian's exporter for PostgreSQL on
# the same server; README's section "Cost". Sourced by docker/bench, whose functions it uses. Bash alone asks for the first answer, so
# that no process is started while a start is timed.
#
# SIDECAR_EXECUTABLE measures that one instead of building it. HTTP_PORT (54331) chooses another port.
# shellcheck shell=bash

http_port=${HTTP_PORT:-54331}
starts=10
settle=30     # seconds from the first answer until a process counts as idle
idle=60       # seconds of which the processor time is counted, in hundredths of a second
scrapes=2000
program=''    # pid of what is measured
declare -A cost # the results, by program and what was measured: MB, ms or s

# ---- what it needs

find_sidecar() {
    sidecar=${SIDECAR_EXECUTABLE-}
    if [[ -z $sidecar ]]; then
        sidecar=target/partman-sidecar-runner
        is_built "$sidecar" || build_native
    fi
    [[ -x $sidecar ]] || die "no executable: $sidecar"
}

build_native() {
    local home native
    home=$(docker/jdk)
    native=$(docker/native)
    say "building the native executable (./mvnw package), in some minutes"
    # shellcheck disable=SC2086 # one word an argument
    run_to_end env JAVA_HOME="$home" ./mvnw -q -B -ntp $native -DskipTests package >"$scratch/build.log" 2>&1 || {
        tail -n 40 "$scratch/build.log" >&2
        die "could not build the native executable"
    }
}

# Fetched with the machine's own apt, so it is this Debian's version; unpacked, not installed.
find_exporter() {
    local package=prometheus-postgres-exporter directory=$cache/postgres-exporter
    exporter=$directory/usr/bin/$package
    if [[ ! -x $exporter ]]; then
        rm -rf "$directory"
        mkdir -p "$scratch/debs" "$cache"
        (
            cd "$scratch/debs"
            download=(apt-get -qq -o APT::Sandbox::User=root download "$package")
            # The second try is for a machine without package lists, as a slim container is.
            "${download[@]}" 2>/dev/null || { apt-get -qq update && "${download[@]}"; }
        ) >&2 || die "could not fetch Debian's $package"
        dpkg -x "$scratch"/debs/*.deb "$directory"
    fi
    exporter_version=$("$exporter" --version 2>&1 | sed -nE '1s/.*version ([^ ]+).*/\1/p')
}

find_curl() {
    command -v curl >/dev/null && return
    ((EUID == 0)) || die "install curl"
    say "installing curl"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends curl; } >&2 </dev/null
}

# ---- a program that is measured

# start_program sidecar|exporter: with its default settings
start_program() {
    local database=lago:changeme@127.0.0.1:$port/cost
    case $1 in
        sidecar)
            env -i DATABASE_URL="postgresql://$database" QUARKUS_HTTP_HOST=127.0.0.1 QUARKUS_HTTP_PORT="$http_port" "$sidecar" &
            ;;
        exporter)
            env -i DATA_SOURCE_NAME="postgresql://$database?sslmode=disable" "$exporter" --web.listen-address="127.0.0.1:$http_port" &
            ;;
    esac >"$scratch/$1.log" 2>&1
    program=$!
}

stop_program() {
    [[ -n $program ]] || return 0
    kill "$program" 2>/dev/null || true
    local end=$((SECONDS + 20))
    while kill -0 "$program" 2>/dev/null && ((SECONDS < end)); do
        pause 0.05
    done
    kill -KILL "$program" 2>/dev/null || true
    wait "$program" 2>/dev/null || true
    program=''
}

# first_path sidecar|exporter: what answers as soon as the program has started, whether there is a database or not
first_path() {
    case $1 in
        sidecar) printf /health/started ;;
        exporter) printf / ;;
    esac
}

# await_answer NAME PATH
await_answer() {
    local end=$((SECONDS + 30))
    until get "$2"; do
        kill -0 "$program" 2>/dev/null && ((SECONDS < end)) || die "$1 does not answer: $(tail -n 5 "$scratch/$1.log")"
        pause 0.002
    done
}

# get PATH: over a connection of its own; the answer is left in $answer.
get() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$http_port" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&"$connection"
    # -N reads in blocks; to a delimiter bash would read byte by byte.
    IFS='' read -r -N 100000000 -t 10 -u "$connection" answer || true
    exec {connection}>&-
    [[ $answer == HTTP/1.?\ 200* ]]
} 2>/dev/null

# pause SECONDS: sleeps without a process, and ends at once when the script is ended.
pause() {
    read -r -t "$1" -u "$never" || true
}

# memory: sets resident and dirty, in MB
memory() {
    local key value
    while read -r key value _; do
        case $key in
            Rss:) resident=$(megabytes $((value * 1024))) ;;
            Private_Dirty:) dirty=$(megabytes $((value * 1024))) ;;
        esac
    done <"/proc/$program/smaps_rollup"
}

megabytes() {
    awk -v bytes="$1" 'BEGIN { printf "%.6f\n", bytes / 1e6 }'
}

# cpu_seconds: user and system time of the process so far
cpu_seconds() {
    local stat
    stat=$(<"/proc/$program/stat")
    awk -v hertz="$(getconf CLK_TCK)" '{ print ($12 + $13) / hertz }' <<<"${stat##*) }"
}

# ---- what is measured

measure_sizes() {
    local bytes
    cost[sidecar executable]=$(megabytes "$(stat -L -c %s "$sidecar")")
    cost[exporter executable]=$(megabytes "$(stat -L -c %s "$exporter")")
    bytes=$(docker image inspect --format '{{.Size}}' partman-sidecar/sidecar:dev 2>/dev/null) || return 0
    cost[sidecar image]=$(megabytes "$bytes")
}

# The service converts the plain table; its memory is looked at five times a second.
measure_conversion() {
    local log='' end=$((SECONDS + limit))
    start_program sidecar
    until [[ $log == *state=healthy* ]]; do
        memory 2>/dev/null || die "the sidecar has ended: $(tail -n 5 "$scratch/sidecar.log")"
        [[ $log != *' ERROR '* ]] || die "the conversion failed: $(grep ' ERROR ' "$scratch/sidecar.log")"
        ((SECONDS < end)) || die "the conversion took longer than $limit s: $(tail -n 5 "$scratch/sidecar.log")"
        printf '%s %s\n' "$resident" "$dirty"
        pause 0.2
        log=$(<"$scratch/sidecar.log")
    done >"$scratch/samples"
    stop_program
    check_count cost
    cost[sidecar resident peak]=$(highest 1 "$scratch/samples")
    cost[sidecar dirty peak]=$(highest 2 "$scratch/samples")
    told "sidecar, converting, $(wc -l <"$scratch/samples") samples: peak" sidecar peak
}

# highest FIELD FILE
highest() {
    sort -n -k "$1,$1" "$2" | awk -v field="$1" '{ most = $field } END { print most }'
}

# measure_starts NAME: from before the process is made to its first answer
measure_starts() {
    local number began path
    path=$(first_path "$1")
    for ((number = 0; number < starts; number++)); do
        began=${EPOCHREALTIME/[.,]/}
        start_program "$1"
        await_answer "$1" "$path"
        printf '%s\n' $((${EPOCHREALTIME/[.,]/} - began))
        stop_program
    done >"$scratch/starts"
    cost[$1 start]=$(sort -n "$scratch/starts" |
        awk '{ took[NR] = $1 } END { print (took[int((NR + 1) / 2)] + took[int(NR / 2) + 1]) / 2 / 1000 }')
    say "$1: $starts starts: median $(decimals 1 "${cost[$1 start]}") ms"
}

measure_idle() {
    start_program "$1"
    await_answer "$1" "$(first_path "$1")"
    pause $settle
    remember_memory "$1" idle
    local before
    before=$(cpu_seconds)
    pause $idle
    cost[$1 cpu]=$(awk -v used="$(cpu_seconds)" -v before="$before" -v seconds=$idle 'BEGIN { print (used - before) * 3600 / seconds }')
    say "$1: idle: $(decimals 1 "${cost[$1 cpu]}") s of processor time an hour"
}

# measure_scrapes NAME: of the process that has been idle, by one curl over one connection; bash would take longer to read an answer
# than the program to make it.
measure_scrapes() {
    local number before
    for ((number = 0; number < scrapes; number++)); do
        printf 'url = "http://127.0.0.1:%s/metrics"\noutput = "/dev/null"\n' "$http_port"
    done >"$scratch/curl"
    before=$(cpu_seconds)
    curl --silent --config "$scratch/curl" --write-out '%{http_code} %{time_total}\n' >"$scratch/scrapes"
    cost[$1 scrape cpu]=$(awk -v used="$(cpu_seconds)" -v before="$before" -v scrapes=$scrapes \
        'BEGIN { print (used - before) * 1000 / scrapes }')
    remember_memory "$1" scraped
    [[ $(grep -c '^200 ' "$scratch/scrapes") == "$scrapes" ]] || die "$1 refused a scrape: $(tail -n 5 "$scratch/$1.log")"
    get /metrics
    [[ $answer =~ $'\n'(partman|pg)_up\ 1(\.0)?$'\n' ]] || die "$1 did not reach the database: $(tail -n 5 "$scratch/$1.log")"
    stop_program
    cost[$1 p50]=$(nearest_rank 0.5 "$scratch/scrapes")
    cost[$1 p99]=$(nearest_rank 0.99 "$scratch/scrapes")
    cost[$1 answer]=$((${#answer} / 1000))
    say "$1: $scrapes scrapes: p50 $(decimals 1 "${cost[$1 p50]}") ms, p99 $(decimals 1 "${cost[$1 p99]}") ms"
}

# nearest_rank SHARE FILE: milliseconds, of seconds in its second field
nearest_rank() {
    LC_ALL=C sort -n -k 2 "$2" | awk -v share="$1" '{ took[NR] = $2 } END { print took[int(NR * share + 0.9999)] * 1000 }'
}

# remember_memory NAME WHEN
remember_memory() {
    local resident dirty
    memory
    cost[$1 resident $2]=$resident
    cost[$1 dirty $2]=$dirty
    told "$1: $2" "$1" "$2"
}

# told WHAT NAME WHEN
told() {
    say "$1: resident $(decimals 1 "${cost[$2 resident $3]}") MB, private dirty $(decimals 1 "${cost[$2 dirty $3]}") MB"
}

measure_cost() {
    exec {never}<> <(:)
    ! get / || die "port $http_port is taken: choose another by HTTP_PORT"
    sync "$sidecar" "$exporter" # pages of a file that is not yet written to disk count as private dirty
    measure_sizes
    fresh_database cost
    measure_conversion
    local name
    for name in sidecar exporter; do
        measure_starts $name
        measure_idle $name
        measure_scrapes $name
    done
    drop_database cost
}

# ---- the table

# cost_line DESCRIPTION WHAT UNIT [AIM]
cost_line() {
    local ours theirs aim=– verdict=–
    [[ -z ${4-} ]] || aim="≤ $4 $3"
    ours=$(figure "sidecar $2" "$3")
    theirs=$(figure "exporter $2" "$3")
    if [[ -n ${4-} && $ours != – ]]; then
        verdict=$(awk -v ours="${cost[sidecar $2]}" -v aim="$4" 'BEGIN { print ours <= aim ? "yes" : "**no**" }')
    fi
    printf '| %s | %s | %s | %s | %s |\n' "$1" "$ours" "$aim" "$verdict" "$theirs"
}

# figure KEY UNIT
figure() {
    if [[ -n ${cost[$1]-} ]]; then
        printf '%s %s' "$(decimals 1 "${cost[$1]}")" "$2"
    else
        printf –
    fi
}

cost_result() {
    local scraped
    scraped="after $(thousands $scrapes) scrapes"
    cat <<HEAD
| | sidecar, native | aim | holds | prometheus-postgres-exporter $exporter_version |
|---|---|---|---|---|
HEAD
    cost_line 'executable' executable MB
    cost_line 'image' image MB 60
    cost_line "start, median of $starts" start ms 100
    cost_line 'idle: resident' 'resident idle' MB
    cost_line 'idle: private dirty' 'dirty idle' MB
    cost_line "$scraped: resident" 'resident scraped' MB 40
    cost_line "$scraped: private dirty" 'dirty scraped' MB 12
    cost_line "converting $(thousands "$rows") rows: resident, peak" 'resident peak' MB
    cost_line "converting $(thousands "$rows") rows: private dirty, peak" 'dirty peak' MB 24
    cost_line 'idle: processor time an hour' cpu s 5
    cost_line 'scrape: p50' p50 ms
    cost_line 'scrape: p99' p99 ms 5
    cost_line 'scrape: processor time' 'scrape cpu' ms
    printf '\nAn answer has %s kB, the exporter'\''s %s. %s rows, ' "${cost[sidecar answer]}" "${cost[exporter answer]}" "$(thousands "$rows")"
    machine
}
