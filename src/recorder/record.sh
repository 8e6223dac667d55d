#!/bin/sh
# Records the sched_ext core for scx-check. Needs root, a shell, tracefs and coreutils; nothing is installed.
#@ABOUT@
usage() {
  cat <<'EOF'
usage: record.sh [-o OUT] [-l LEVEL] [-d TIME] [-b KB] [-c CLOCK] [-n] [-q] [--] [CMD [ARG...]]
       record.sh -x
  -o OUT    trace file to write (default: trace.dat); OUT.snapshot.json is written beside it
  -l LEVEL  0 events of the kernel only, 1 all that rules need, 2 more names and results, 3 reads and idle tracking
  -d TIME   stop after this time: 5s, 500ms, 2m (default: when CMD ends, or at Ctrl-C)
  -b KB     ring buffer per CPU (default: a share of the free memory, at most 32768)
  -c CLOCK  trace clock (default: mono)
  -n        write the file without trace-cmd, even if it is there
  -q        report in one line
  -x        remove what a recording left behind that was killed
CMD runs while recording; recording ends when it ends. The first Ctrl-C ends the recording, a second one drops it.
EOF
}

LC_ALL=C
export LC_ALL
set -u

GROUP=scx
LEVEL=1
OUT=trace.dat
DURATION=
BUFFER_KB=
CLOCK=mono
USE_TRACE_CMD=yes
QUIET=no
CLEAN_UP="$0 -x"
#@SETTINGS@

INSTANCE_NAME=scx-check
COST_EVENT=scx_check_cost
T=
I=
TMP=
RAW_READERS=
CMD_PID=
SLEEP_PID=
STOP=0
ARMED=no

# messages go where they belong even when a signal comes while something is redirected
exec 5>&2
say() { printf '%s\n' "$*" >&5; }
die() {
  say "record: $2"
  exit "$1"
}
have() { command -v "$1" > /dev/null 2>&1; }

# writes a line to a file of tracefs; the status tells whether the kernel took it
put() { { printf '%s\n' "$1" > "$2"; } 2> /dev/null; }
append() { { printf '%s\n' "$1" >> "$2"; } 2> /dev/null; }

# $_line becomes the first line of a file, '' when it cannot be read (a variable: a substitution would cost a fork)
read_line() {
  _line=
  { IFS= read -r _line < "$1"; } 2> /dev/null
  # binary attributes such as thread_siblings_list give nothing to a shell that reads byte by byte
  if [ -z "$_line" ] && [ -r "$1" ]; then _line=$(cat "$1" 2> /dev/null); fi
}

size_of() {
  _size=$(wc -c < "$1")
  printf '%d' $((_size))
}

# ---------------------------------------------------------------- what is left behind is removed, however this ends

cleanup() {
  trap '' INT TERM HUP
  for _pid in $RAW_READERS $SLEEP_PID; do kill "$_pid" 2> /dev/null; done
  for _pid in $RAW_READERS $SLEEP_PID; do wait "$_pid" 2> /dev/null; done
  RAW_READERS=
  SLEEP_PID=
  if [ -n "$I" ] && [ -d "$I" ]; then
    put 0 "$I/tracing_on"
    put 0 "$I/events/enable"
  fi
  # the groups are ours alone: nobody else had them when we began
  if [ -n "$TMP" ] && [ "$LEVEL" != 0 ]; then remove_events; fi
  if [ -n "$I" ] && [ -d "$I" ]; then rmdir "$I" 2> /dev/null || say "record: $I could not be removed"; fi
  if [ -n "$TMP" ] && [ -f "$TMP/error_log_was_empty" ]; then put '' "$T/error_log"; fi
  if [ -n "$TMP" ]; then rm -rf "$TMP"; fi
  I=
  TMP=
}

on_signal() {
  if [ "$STOP" = 0 ] && [ "$ARMED" = yes ]; then
    STOP=1
    if [ -n "$SLEEP_PID" ]; then kill "$SLEEP_PID" 2> /dev/null; fi
    return
  fi
  say 'record: interrupted, the recording is dropped'
  exit 130
}

remove_events() {
  for _dir in "$T/events/$GROUP"/*/ "$T/events/$COST_EVENT"/*/; do
    [ -d "$_dir" ] || continue
    _dir=${_dir%/}
    _group=${_dir%/*}
    append "-:${_group##*/}/${_dir##*/}" "$T/dynamic_events" || say "record: event ${_dir##*/} is still in use"
  done
}

# removes the instance and the events that a recording which was killed could not remove
remove_leftovers() {
  find_tracefs
  _dir=$T/instances/$INSTANCE_NAME
  if [ -d "$_dir" ]; then
    put 0 "$_dir/tracing_on"
    put 0 "$_dir/events/enable"
    rmdir "$_dir" || die 125 "$_dir is still in use"
  fi
  remove_events
}

# ---------------------------------------------------------------- what is needed

find_tracefs() {
  for T in /sys/kernel/tracing /sys/kernel/debug/tracing; do
    if [ -e "$T/dynamic_events" ] || [ -e "$T/instances" ]; then return; fi
  done
  T=/sys/kernel/tracing
  if [ "$(id -u)" = 0 ]; then
    die 125 'tracefs is not mounted: mount -t tracefs none /sys/kernel/tracing (the kernel needs CONFIG_TRACING)'
  fi
  die 125 'recording needs root (tracefs is not readable)'
}

# checks everything at once, so that nobody has to come back for the next message
check_needs() {
  _missing=0
  missing() {
    say "record: missing: $1"
    _missing=$((_missing + 1))
  }
  [ "$(id -u)" = 0 ] || die 125 'recording needs root'
  find_tracefs
  [ -d "$T/instances" ] || missing 'trace instances (CONFIG_TRACING)'
  _readme=$(cat "$T/README" 2> /dev/null)
  if [ "$LEVEL" != 0 ]; then
    [ -d /sys/kernel/sched_ext ] || missing 'sched_ext in this kernel (CONFIG_SCHED_CLASS_EXT)'
    [ -r /sys/kernel/btf/vmlinux ] || missing 'type information, /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)'
    case $_readme in
      *'f[:['*) ;;
      *) missing 'function probes as trace events (CONFIG_FPROBE_EVENTS, Linux 6.5 or later); -l 0 records the events of the kernel only' ;;
    esac
    case $_readme in
      *'<argname>[->'*) ;;
      *) missing 'arguments by name (CONFIG_PROBE_EVENTS_BTF_ARGS)' ;;
    esac
  fi
  if [ -d "$T/instances/$INSTANCE_NAME" ]; then
    missing "a free name: another recording runs, or was killed (then remove what it left: $CLEAN_UP)"
  elif [ "$LEVEL" != 0 ] && [ -d "$T/events/$GROUP" ]; then
    missing "a free group name: events/$GROUP exists already; remove these events, or if a recording was killed: $CLEAN_UP"
  fi
  case " $(cat "$T/trace_clock" 2> /dev/null) " in
    *" $CLOCK "* | *"[$CLOCK]"*) ;;
    *) missing "the clock $CLOCK; this kernel has: $(cat "$T/trace_clock" 2> /dev/null)" ;;
  esac
  choose_buffer
  [ "$_missing" = 0 ] || die 125 'nothing was recorded'
}

# ring buffer per CPU: a quarter of what is free, shared out, unless the user says how much
choose_buffer() {
  CPUS=0
  for _dir in "$T"/per_cpu/cpu*; do [ -d "$_dir" ] && CPUS=$((CPUS + 1)); done
  [ "$CPUS" -gt 0 ] || CPUS=1
  _free=
  while read -r _key _value _; do
    case $_key in MemAvailable:) _free=$_value ;; esac
  done < /proc/meminfo
  if [ -z "$BUFFER_KB" ]; then
    BUFFER_KB=32768
    if [ -n "$_free" ] && [ $((_free / 4 / CPUS)) -lt "$BUFFER_KB" ]; then BUFFER_KB=$((_free / 4 / CPUS)); fi
    [ "$BUFFER_KB" -ge 512 ] || missing "memory for the ring buffers: only $_free kB are free"
  elif [ -n "$_free" ] && [ $((BUFFER_KB * CPUS)) -gt $((_free * 4 / 5)) ]; then
    missing "memory: $CPUS CPUs with $BUFFER_KB kB each, but only $_free kB are free"
  fi
}

# ---------------------------------------------------------------- probes

# kind|event|level|symbols|%return or nothing|stands in for|only when its symbol is free|filter|arguments
probe_table() {
  cat <<'EOF'
@PROBES@
EOF
}

# the functions of the table that this kernel can probe, as ' a b c '
find_functions() {
  probe_table | while IFS='|' read -r _kind _ _ _symbols _; do
    if [ "$_kind" = f ]; then printf '%s\n' "$_symbols" | tr ',' '\n'; fi
  done | sort -u > "$TMP/wanted"
  if have grep; then
    cut -d' ' -f1 "$T/available_filter_functions" | grep -xF -f "$TMP/wanted"
  else
    cut -d' ' -f1 "$T/available_filter_functions" | sort -u | comm -12 - "$TMP/wanted"
  fi > "$TMP/found" 2> /dev/null
  FUNCTIONS=" $(tr '\n' ' ' < "$TMP/found")"
}

# define KIND EVENT SYMBOL ARG...: arguments that this kernel does not know are left out and noted
define() {
  _kind=$1 _event=$2 _symbol=$3
  shift 3
  _args='' _seen=' '
  for _arg; do
    _name=${_arg%%=*}
    case $_seen in *" $_name "*) continue ;; esac
    _seen="$_seen$_name "
    _args="$_args $_arg"
  done
  if append "$_kind:$GROUP/$_event $_symbol$_args" "$T/dynamic_events"; then return 0; fi
  append "$_kind:$GROUP/$_event $_symbol" "$T/dynamic_events" || return 1
  append "-:$GROUP/$_event" "$T/dynamic_events"
  _args='' _seen=' ' _lacking=
  for _arg; do
    _name=${_arg%%=*}
    case $_seen in *" $_name "*) continue ;; esac
    if append "$_kind:$GROUP/$_event $_symbol $_arg" "$T/dynamic_events"; then
      append "-:$GROUP/$_event" "$T/dynamic_events"
      _seen="$_seen$_name "
      _args="$_args $_arg"
    else
      _lacking="$_lacking $_name"
    fi
  done
  for _name in $_lacking; do
    case $_seen in
      *" $_name "*) ;;
      *)
        printf 'argument %s of %s\n' "$_name" "$_event" >> "$TMP/skipped"
        _seen="$_seen$_name "
        ;;
    esac
  done
  append "$_kind:$GROUP/$_event $_symbol$_args" "$T/dynamic_events"
}

skip() { printf '%s\n' "$1" >> "$TMP/skipped"; }

define_probes() {
  : > "$TMP/defined"
  : > "$TMP/skipped"
  : > "$TMP/recorded"
  : > "$TMP/kernel_events"
  if [ "$LEVEL" != 0 ]; then find_functions; fi
  _taken=' '
  _have=' '
  probe_table > "$TMP/table"
  while IFS='|' read -r _kind _event _level _symbols _return _standsin _iffree _filter _fetch; do
    if [ "$_kind" = e ]; then
      if [ -n "$_standsin" ] && [ "$_level" -gt "$LEVEL" ]; then
        # at level 0 and where the better probe cannot be set, the event of the kernel is all there is
        case $_have in *" $_standsin "*) continue ;; esac
      elif [ "$LEVEL" != 0 ] && [ "$_level" -gt "$LEVEL" ]; then
        continue
      fi
      if [ -d "$T/events/$_event" ]; then
        printf '%s\n' "$_event" >> "$TMP/kernel_events"
        printf '%s:%s\n' "${_event%%/*}" "${_event##*/}" >> "$TMP/recorded"
      else
        skip "event $_event: this kernel has none"
      fi
      continue
    fi
    [ "$_level" -le "$LEVEL" ] || continue
    if [ "$_kind" = t ]; then
      _found=$_symbols
    else
      _found=
      _rest=$_symbols,
      while [ -n "$_rest" ] && [ -z "$_found" ]; do
        _symbol=${_rest%%,*}
        _rest=${_rest#*,}
        case $FUNCTIONS in *" $_symbol "*) _found=$_symbol ;; esac
      done
      if [ -z "$_found" ]; then
        skip "probe $_event: inlined or absent in this kernel: $_symbols"
        continue
      fi
      if [ -n "$_iffree" ]; then case $_taken in *" $_found$_return "*) continue ;; esac; fi
    fi
    # shellcheck disable=SC2086
    if define "$_kind" "$_event" "$_found$_return" $_fetch; then
      printf '%s/%s\n' "$GROUP" "$_event" >> "$TMP/defined"
      printf '%s:%s\n' "$GROUP" "$_event" >> "$TMP/recorded"
      if [ -n "$_filter" ]; then printf '%s %s\n' "$_event" "$_filter" >> "$TMP/filters"; fi
      _taken="$_taken$_found$_return "
      _have="$_have$_event "
    else
      skip "probe $_event: the kernel refuses a probe on $_found$_return"
    fi
  done < "$TMP/table"
}

# sets up an instance of our own: nobody else's tracing is touched
arm() {
  I=$T/instances/$INSTANCE_NAME
  if ! mkdir "$I"; then
    I=
    die 125 "cannot make $T/instances/$INSTANCE_NAME"
  fi
  put 0 "$I/tracing_on"
  put "$CLOCK" "$I/trace_clock" || die 125 "the clock $CLOCK cannot be set"
  put "$BUFFER_KB" "$I/buffer_size_kb" || die 125 "a ring buffer of $BUFFER_KB kB per CPU cannot be had; give less with -b"
  if [ -d "$I/events/$GROUP" ]; then
    put 1 "$I/events/$GROUP/enable" || say 'record: not all probes could be switched on'
  fi
  # an event means what its filter lets through: without the filter it is not recorded
  if [ -f "$TMP/filters" ]; then
    while read -r _event _filter; do
      if ! put "$_filter" "$I/events/$GROUP/$_event/filter"; then
        put 0 "$I/events/$GROUP/$_event/enable"
        skip "probe $_event: the kernel refuses its filter $_filter"
        while read -r _name; do
          if [ "$_name" != "$GROUP:$_event" ]; then printf '%s\n' "$_name"; fi
        done < "$TMP/recorded" > "$TMP/recorded.new"
        cat "$TMP/recorded.new" > "$TMP/recorded"
      fi
    done < "$TMP/filters"
  fi
  while read -r _event; do
    put 1 "$I/events/$_event/enable" || skip "event $_event: cannot be switched on"
  done < "$TMP/kernel_events"
}

# ---------------------------------------------------------------- cost of an event

# ns that one event of a function probe takes: a probe on write(2) to /dev/null, this shell's own CPU time with and without it
measure_cost() {
  COST_NS=
  own_time
  [ "$LEVEL" != 0 ] && [ "$OWN_NS" -gt 0 ] || return
  append "f:$COST_EVENT/write write_null count=count" "$T/dynamic_events" || return
  printf '%s\n' "$COST_EVENT/write" >> "$TMP/defined"
  _enable=$I/events/$COST_EVENT/write/enable
  _off=0
  _on=0
  put 1 "$I/tracing_on"
  for _ in 1 2 3 4 5; do
    timed_writes
    if [ "$_off" = 0 ] || [ "$TIMED_NS" -lt "$_off" ]; then _off=$TIMED_NS; fi
    put 1 "$_enable" || break
    timed_writes
    if [ "$_on" = 0 ] || [ "$TIMED_NS" -lt "$_on" ]; then _on=$TIMED_NS; fi
    put 0 "$_enable"
  done
  put 0 "$I/tracing_on"
  put '' "$I/trace"
  if [ "$_on" -gt "$_off" ]; then COST_NS=$(((_on - _off) / 1000)); fi
}

# CPU time of this shell, ns; 0 when the kernel does not say
own_time() {
  OWN_NS=0
  { read -r OWN_NS _ < "/proc/$$/schedstat"; } 2> /dev/null
}

timed_writes() {
  own_time
  _before=$OWN_NS
  _n=1000
  while [ "$_n" -gt 0 ]; do
    printf x > /dev/null
    _n=$((_n - 1))
  done
  own_time
  TIMED_NS=$((OWN_NS - _before))
}

# ---------------------------------------------------------------- snapshot of the initial state, as JSON

json() {
  case $1 in
    *[\"\\]* | *[[:cntrl:]]*) ;;
    *)
      printf '"%s"' "$1"
      return
      ;;
  esac
  _rest=$1
  printf '"'
  while [ -n "$_rest" ]; do
    _char=${_rest%"${_rest#?}"}
    _rest=${_rest#?}
    case $_char in
      '"') printf '\\"' ;;
      '\') printf '\\\\' ;;
      [[:cntrl:]]) printf '\\u%04x' "'$_char" ;;
      *) printf '%s' "$_char" ;;
    esac
  done
  printf '"'
}

json_file() {
  read_line "$1"
  json "$_line"
}

# NAME FILE: a member with the first line of the file as its text
member() {
  printf '"%s": ' "$1"
  json_file "$2"
}

snapshot_cpus() {
  _s=/sys/devices/system
  for _key in online possible present isolated; do
    printf ' '
    member $_key $_s/cpu/$_key
    printf ',\n'
  done
  printf ' "cpus": ['
  _sep=
  for _dir in $_s/cpu/cpu[0-9]*; do
    [ -d "$_dir/topology" ] || continue
    _llc=
    for _index in "$_dir"/cache/index*; do
      [ -f "$_index/shared_cpu_list" ] || continue
      read_line "$_index/shared_cpu_list"
      _llc=$_line
    done
    _node=
    for _index in "$_dir"/node[0-9]*; do
      if [ -e "$_index" ]; then _node=${_index##*node}; fi
    done
    printf '%s\n  {"cpu": %s, "node": "%s", "llc": "%s", ' "$_sep" "${_dir##*cpu}" "$_node" "$_llc"
    member package "$_dir/topology/physical_package_id"
    printf ', '
    member core "$_dir/topology/core_id"
    printf ', '
    member siblings "$_dir/topology/thread_siblings_list"
    printf ', '
    member capacity "$_dir/cpu_capacity"
    printf '}'
    _sep=,
  done
  printf '],\n'
}

snapshot_sched_ext() {
  printf ' "sched_ext": {'
  _sep=
  for _key in state enable_seq hotplug_seq nr_rejected switch_all root/ops; do
    printf '%s' "$_sep"
    member "${_key%/*}" /sys/kernel/sched_ext/$_key
    _sep=', '
  done
  printf '},\n "params": {'
  _sep=
  for _file in /sys/module/sched_ext/parameters/*; do
    [ -r "$_file" ] || continue
    printf '%s' "$_sep"
    member "${_file##*/}" "$_file"
    _sep=', '
  done
  printf '},\n "sched_class": {'
  _sep=
  while read -r _name _address; do
    printf '%s"%s": "0x%s"' "$_sep" "$_name" "$_address"
    _sep=', '
  done < "$TMP/classes"
  printf '},\n'
}

# addresses of the scheduling classes, "name address" a line
find_classes() {
  for _class in stop dl rt fair ext idle; do printf '%s_sched_class\n' $_class; done | sort > "$TMP/class_names"
  if have grep; then
    grep -E ' (stop|dl|rt|fair|ext|idle)_sched_class$' /proc/kallsyms | while read -r _address _ _name; do
      printf '%s %s\n' "$_name" "$_address"
    done
  elif have join; then
    tr '\t' ' ' < /proc/kallsyms | cut -d' ' -f1,3 | sort -k2,2 | join -1 2 -2 1 -o 0,1.1 - "$TMP/class_names"
  fi > "$TMP/classes" 2> /dev/null
  : > "$TMP/kallsyms"
  while read -r _name _address; do printf '%s D %s\n' "$_address" "$_name" >> "$TMP/kallsyms"; done < "$TMP/classes"
}

list_cgroups() {
  for _sub in "$1"/*/; do
    [ -d "$_sub" ] || continue
    printf '%s\n' "${_sub%/}"
    list_cgroups "${_sub%/}"
  done
}

snapshot_cgroups() {
  printf ' "cgroups": {'
  if [ -d /sys/fs/cgroup ]; then
    {
      printf '/sys/fs/cgroup\n'
      list_cgroups /sys/fs/cgroup
    } > "$TMP/cgroups"
    set --
    while IFS= read -r _dir; do set -- "$@" "$_dir"; done < "$TMP/cgroups"
    _sep=
    stat -c '%i %n' -- "$@" 2> /dev/null | while IFS= read -r _dir; do
      _path=${_dir#* /sys/fs/cgroup}
      printf '%s"%s": {"path": ' "$_sep" "${_dir%% *}"
      json "${_path:-/}"
      printf '}'
      _sep=', '
    done
  fi
  printf '},\n'
}

# DIR: one thread: /proc/PID/task/TID/stat gives state, nice, priority, CPU, policy; status the affinity
snapshot_task() {
  read_line "$1/stat"
  [ -n "$_line" ] || return
  _comm=${_line#*"("}
  _comm=${_comm%")"*}
  _tid=${_line%% *}
  # shellcheck disable=SC2086
  set -- "$1" ${_line##*") "}
  [ $# -ge 40 ] || return
  _list=
  _tgid=
  {
    while read -r _key _value; do
      case $_key in
        Tgid:) _tgid=$_value ;;
        Cpus_allowed_list:)
          _list=$_value
          break
          ;;
      esac
    done < "$1/status"
  } 2> /dev/null
  _cgroup=
  {
    while IFS= read -r _key; do
      case $_key in 0::*) _cgroup=${_key#0::} ;; esac
    done < "$1/cgroup"
  } 2> /dev/null
  printf '%s  {"pid": %s, "tgid": %s, "comm": ' "$_sep" "$_tid" "${_tgid:-$_tid}"
  json "$_comm"
  printf ', "state": "%s", "flags": %s, "prio": %s, "nice": %s, "rt_prio": %s, "policy": %s, "cpu": %s, "cpus": "%s", "cgroup": ' \
    "$2" "$8" "${17}" "${18}" "${39}" "${40}" "${38}" "$_list"
  json "$_cgroup"
  printf '}'
  _sep=',
'
  printf '%s %s\n' "$_tid" "$_comm" >&4
}

snapshot() {
  printf '{\n "kernel": "%s",\n "clock": "%s",\n' "$(uname -r)" "$CLOCK"
  snapshot_cpus
  snapshot_sched_ext
  snapshot_cgroups
  printf ' "tasks": [\n'
  _sep=
  for _dir in /proc/[0-9]*/task/[0-9]*; do snapshot_task "$_dir"; done 4> "$TMP/cmdlines"
  printf '\n ],\n'
}

# ---------------------------------------------------------------- recording

sleep_for() {
  sleep "$1" &
  SLEEP_PID=$!
  wait "$SLEEP_PID" 2> /dev/null
  kill "$SLEEP_PID" 2> /dev/null
  SLEEP_PID=
}

# a time such as 5s, 500ms, 2m as seconds for sleep
seconds() {
  case $1 in
    *ms)
      _ms=${1%ms}
      _s=$((_ms / 1000))
      _ms=$((_ms % 1000))
      printf '%d.%03d' "$_s" "$_ms"
      ;;
    *m) printf '%d' $((${1%m} * 60)) ;;
    *) printf '%s' "${1%s}" ;;
  esac
}

now_ns() {
  read_line /proc/uptime
  _line=${_line%% *}
  NOW_NS=${_line%.*}${_line#*.}0000000
}

# Runs the command until it ends, its time is up, or a signal asks for the end. Commands in the background begin with
# SIGINT ignored where nothing resets it, so what does not end by itself is ended.
run_command() {
  if [ -n "$DURATION" ]; then set -- timeout -s INT -k 5 "$(seconds "$DURATION")" "$@"; fi
  if env --default-signal=INT true 2> /dev/null; then set -- env --default-signal=INT "$@"; fi
  "$@" <&3 3<&- 5>&- &
  CMD_PID=$!
  wait "$CMD_PID"
  CMD_STATUS=$?
}

# after a signal: the command got it, too, when it came from the terminal; otherwise it is asked, then told to end
end_command() {
  _tries=0
  while kill -0 "$CMD_PID" 2> /dev/null; do
    case $_tries in
      20) kill -INT "$CMD_PID" 2> /dev/null ;;
      50) kill -TERM "$CMD_PID" 2> /dev/null ;;
      80) kill -KILL "$CMD_PID" 2> /dev/null ;;
    esac
    _tries=$((_tries + 1))
    sleep 0.1 2> /dev/null || sleep 1
  done
  wait "$CMD_PID" 2> /dev/null
  CMD_STATUS=$?
}

wait_for_end() {
  if [ $# -gt 0 ]; then
    run_command "$@"
    if [ "$STOP" != 0 ]; then end_command; fi
    CMD_PID=
  elif [ -n "$DURATION" ]; then
    sleep_for "$(seconds "$DURATION")"
  else
    say 'record: recording; Ctrl-C ends it'
    while [ "$STOP" = 0 ]; do sleep_for 3600; done
  fi
}

# copies the raw ring buffer of every CPU; reading blocks at its end, so readers run until the kernel says that nothing is left
read_buffers() {
  for _dir in "$I"/per_cpu/cpu*; do
    _cpu=${_dir##*cpu}
    cat "$_dir/stats" > "$TMP/stats$_cpu"
    cat "$_dir/trace_pipe_raw" > "$TMP/raw$_cpu" 2> /dev/null &
    RAW_READERS="$RAW_READERS $!"
  done
  for _dir in "$I"/per_cpu/cpu*; do
    _cpu=${_dir##*cpu}
    while :; do
      _entries=
      while read -r _key _value; do
        case $_key in entries:) _entries=$_value ;; esac
      done < "$_dir/stats"
      [ "${_entries:-0}" = 0 ] && break
      sleep 0.05 2> /dev/null || sleep 1
    done
  done
  # what was read last may still be on its way to the file
  _before=-1
  _now=0
  while [ "$_before" != "$_now" ]; do
    _before=$_now
    sleep 0.1 2> /dev/null || sleep 1
    _now=$(cat "$TMP"/raw* | wc -c)
  done
  for _pid in $RAW_READERS; do kill "$_pid" 2> /dev/null; done
  for _pid in $RAW_READERS; do wait "$_pid" 2> /dev/null; done
  RAW_READERS=
}

# ---------------------------------------------------------------- the file

# the formats of the recorded events and whatever else a reader needs, laid out as in tracefs; $TMP/formats lists them
copy_formats() {
  {
    for _dir in "$T"/events/ftrace/*/; do
      _dir=${_dir%/}
      if [ -f "$_dir/format" ]; then printf 'ftrace/%s\n' "${_dir##*/}"; fi
    done
    while read -r _event; do
      case $_event in "$GROUP"/*) printf '%s\n' "$_event" ;; esac
    done < "$TMP/defined"
    cat "$TMP/kernel_events"
  } > "$TMP/formats"
  set --
  while read -r _event; do set -- "$@" "$TMP/t/events/$_event"; done < "$TMP/formats"
  mkdir -p "$@"
  while read -r _event; do cat "$T/events/$_event/format" > "$TMP/t/events/$_event/format"; done < "$TMP/formats"
  cat "$T/events/header_page" > "$TMP/t/events/header_page"
  cat "$T/events/header_event" > "$TMP/t/events/header_event"
  : > "$TMP/t/printk_formats"
  cat "$I/trace_clock" > "$TMP/t/trace_clock"
  cat "$TMP/cmdlines" "$T/saved_cmdlines" > "$TMP/t/saved_cmdlines" 2> /dev/null
}

# VALUE BYTES: a number in this machine's byte order, as escapes for printf
number() {
  _value=$1 _bytes=$2 _escaped=
  while [ "$_bytes" -gt 0 ]; do
    _octal=\\$((_value >> 6 & 3))$((_value >> 3 & 7))$((_value & 7))
    if [ "$LITTLE" = yes ]; then _escaped=$_escaped$_octal; else _escaped=$_octal$_escaped; fi
    _value=$((_value >> 8))
    _bytes=$((_bytes - 1))
  done
  # shellcheck disable=SC2059
  printf "$_escaped"
}

sized() {
  number "$(size_of "$1")" "$2"
  cat "$1"
}

byte_order() {
  case $(printf '\001\000' | od -An -t d2 | tr -d ' \n') in
    1) LITTLE=yes ;;
    *) LITTLE=no ;;
  esac
}

# size of a ring buffer page, and of the commit word in it (the kernel's long)
page_layout() {
  LONG=8
  PAGE=4096
  while read -r _line; do
    case $_line in
      *commit\;*)
        _rest=${_line#*size:}
        LONG=${_rest%%;*}
        ;;
      *data\;*)
        _rest=${_line#*offset:}
        _offset=${_rest%%;*}
        _rest=${_line#*size:}
        PAGE=$((_offset + ${_rest%%;*}))
        ;;
    esac
  done < "$TMP/t/events/header_page"
}

# SYSTEM: number of its formats, then each with its size
formats_of() {
  set -- "$TMP/t/events/$1"/*/format
  [ -f "$1" ] || shift
  number $# 4
  [ $# -gt 0 ] || return
  wc -c "$@" > "$TMP/sizes"
  while read -r _length _file; do
    case $_file in
      */format)
        number "$_length" 8
        cat "$_file"
        ;;
    esac
  done < "$TMP/sizes"
}

# trace.dat version 6, the form that trace-cmd wrote up to 2.x and that every version reads
write_dat() {
  byte_order
  page_layout
  {
    printf '\027\010\104tracing6\000'
    if [ "$LITTLE" = yes ]; then printf '\000'; else printf '\001'; fi
    number "$LONG" 1
    number "$PAGE" 4
    printf 'header_page\000'
    sized "$TMP/t/events/header_page" 8
    printf 'header_event\000'
    sized "$TMP/t/events/header_event" 8
    formats_of ftrace
    : > "$TMP/systems"
    for _dir in "$TMP/t/events"/*/; do
      _dir=${_dir%/}
      if [ "${_dir##*/}" != ftrace ]; then printf '%s\n' "${_dir##*/}" >> "$TMP/systems"; fi
    done
    number "$(wc -l < "$TMP/systems")" 4
    while read -r _system; do
      printf '%s\000' "$_system"
      formats_of "$_system"
    done < "$TMP/systems"
    sized "$TMP/kallsyms" 4
    number 0 4
    sized "$TMP/t/saved_cmdlines" 8
    number "$RAW_CPUS" 4
    printf 'options  \000'
    number 4 2
    sized "$TMP/t/trace_clock" 4
    uname -srvm > "$TMP/uname"
    number 5 2
    sized "$TMP/uname" 4
    for _stats in "$TMP"/stats*; do
      printf 'CPU: %s\n' "${_stats##*stats}" | cat - "$_stats" > "$TMP/cpustat"
      number 2 2
      sized "$TMP/cpustat" 4
    done
    number 0 2
    printf 'flyrecord\000'
  } > "$TMP/head"
  _start=$(size_of "$TMP/head")
  _start=$((_start + 16 * RAW_CPUS))
  _pad=$(((PAGE - _start % PAGE) % PAGE))
  _start=$((_start + _pad))
  {
    cat "$TMP/head"
    _cpu=0
    while [ "$_cpu" -lt "$RAW_CPUS" ]; do
      _length=0
      if [ -f "$TMP/raw$_cpu" ]; then _length=$(size_of "$TMP/raw$_cpu"); fi
      number "$_start" 8
      number "$_length" 8
      _start=$((_start + _length))
      _cpu=$((_cpu + 1))
    done
    head -c "$_pad" /dev/zero
    _cpu=0
    while [ "$_cpu" -lt "$RAW_CPUS" ]; do
      if [ -f "$TMP/raw$_cpu" ]; then cat "$TMP/raw$_cpu"; fi
      _cpu=$((_cpu + 1))
    done
  } > "$1"
}

# the same with trace-cmd, from the same parts: it can compress
write_with_trace_cmd() {
  trace-cmd restore -c -o "$TMP/partial.dat" -t "$TMP/t" -k "$TMP/kallsyms" > "$TMP/trace-cmd.log" 2>&1 || return 1
  set -- "$1"
  _cpu=0
  while [ "$_cpu" -lt "$RAW_CPUS" ]; do
    [ -f "$TMP/raw$_cpu" ] || : > "$TMP/raw$_cpu"
    set -- "$@" "$TMP/raw$_cpu"
    _cpu=$((_cpu + 1))
  done
  _out=$1
  shift
  trace-cmd restore -o "$_out" -i "$TMP/partial.dat" "$@" >> "$TMP/trace-cmd.log" 2>&1 && [ -s "$_out" ]
}

# ---------------------------------------------------------------- report

sum_stats() {
  EVENTS=0
  LOST=0
  BYTES=0
  _sep=
  for _stats in "$TMP"/stats*; do
    _overrun=0
    _dropped=0
    while read -r _key _value _more; do
      case $_key in
        entries:) EVENTS=$((EVENTS + _value)) ;;
        overrun:) _overrun=$_value ;;
        bytes:) BYTES=$((BYTES + _value)) ;;
        dropped) _dropped=$_more ;;
      esac
    done < "$_stats"
    LOST=$((LOST + _overrun + _dropped))
    printf '%s{"cpu": %s, "overrun": %s, "dropped": %s}' "$_sep" "${_stats##*stats}" "$_overrun" "$_dropped"
    _sep=', '
  done > "$TMP/losses"
}

thousandths() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# the facts of the recording end the snapshot
finish_snapshot() {
  printf ' "recorded": ['
  _sep=
  while read -r _event; do
    printf '%s"%s"' "$_sep" "$_event"
    _sep=', '
  done < "$TMP/recorded"
  printf '],\n "losses": ['
  cat "$TMP/losses"
  printf '],\n "recording": {"level": %s, "events": %s, "lost": %s, "bytes": %s, "buffer_kb": %s, "cpus": %s, "ns": %s, "cost_ns": %s}\n}\n' \
    "$LEVEL" "$EVENTS" "$LOST" "$BYTES" "$BUFFER_KB" "$CPUS" "$SPAN_NS" "${COST_NS:-null}"
}

report() {
  _ms=$((SPAN_NS / 1000000))
  [ "$_ms" -gt 0 ] || _ms=1
  say "record: $OUT: $EVENTS events in $(thousandths "$_ms") s ($((EVENTS * 1000 / _ms)) per second), $LOST lost$1"
  [ "$QUIET" = no ] || return
  say "  buffers   $BUFFER_KB kB on each of $CPUS CPUs, $((BYTES / 1024)) kB used"
  if [ -n "$COST_NS" ]; then
    _load=$((EVENTS * COST_NS / 10 / _ms / CPUS))
    say "  cost      about $COST_NS ns an event, $(thousandths "$_load") % of the time of $CPUS CPUs (thousandths are below the noise)"
  fi
  _probes=0
  while read -r _; do _probes=$((_probes + 1)); done < "$TMP/recorded"
  _skipped=0
  while read -r _; do _skipped=$((_skipped + 1)); done < "$TMP/skipped"
  say "  events    level $LEVEL, $_probes kinds; $_skipped probes or arguments that this kernel does not have"
  if [ "$LOST" -gt 0 ]; then
    say "  LOST      the buffers were too small: larger ones with -b, fewer events with a lower level, or a shorter recording"
  fi
}

# ---------------------------------------------------------------- main

while getopts o:l:d:b:c:nqxh _option; do
  case $_option in
    o) OUT=$OPTARG ;;
    l) LEVEL=$OPTARG ;;
    d) DURATION=$OPTARG ;;
    b) BUFFER_KB=$OPTARG ;;
    c) CLOCK=$OPTARG ;;
    n) USE_TRACE_CMD=no ;;
    q) QUIET=yes ;;
    x)
      remove_leftovers
      exit 0
      ;;
    h)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 129
      ;;
  esac
done
shift $((OPTIND - 1))
case $LEVEL in [0-3]) ;; *) die 129 "-l: expected a level from 0 to 3, found $LEVEL" ;; esac
case $BUFFER_KB in *[!0-9]*) die 129 "-b: expected a number of kB, found $BUFFER_KB" ;; esac
case $CLOCK in counter | x86-tsc) die 129 "-c: the clock $CLOCK does not count ns" ;; esac
case $DURATION in
  '') ;;
  *[!0-9.ms]* | *[!s0-9.m]) die 129 "-d: expected a time such as 5s, 500ms or 2m, found $DURATION" ;;
esac
if [ $# -gt 0 ] && ! have "$1"; then die 129 "no such command: $1"; fi
case $OUT in */*) [ -d "${OUT%/*}" ] || die 129 "-o: no such directory: ${OUT%/*}" ;; esac

check_needs
# beside the output: the buffers of a large machine would not fit into a small /tmp
case $OUT in */*) _dir=${OUT%/*} ;; *) _dir=. ;; esac
TMP=$(mktemp -d "$_dir/.scx-check.XXXXXX") || die 125 "cannot write to the directory $_dir"
exec 3<&0
trap cleanup EXIT
trap on_signal INT TERM HUP
if [ -f "$T/error_log" ] && [ -z "$(cat "$T/error_log")" ]; then : > "$TMP/error_log_was_empty"; fi

CMD_STATUS=0
define_probes
find_classes
arm
measure_cost
put 1 "$I/tracing_on"
ARMED=yes
now_ns
SPAN_NS=$NOW_NS
put 'scx-check: snapshot begin' "$I/trace_marker"
snapshot > "$TMP/snapshot.json"
put 'scx-check: snapshot end' "$I/trace_marker"
if [ "$STOP" = 0 ]; then wait_for_end "$@"; fi
put 'scx-check: stop' "$I/trace_marker"
put 0 "$I/tracing_on"
now_ns
SPAN_NS=$((NOW_NS - SPAN_NS))
STOP=2

read_buffers
RAW_CPUS=0
for _file in "$TMP"/raw*; do
  _cpu=${_file##*raw}
  if [ "$_cpu" -ge "$RAW_CPUS" ]; then RAW_CPUS=$((_cpu + 1)); fi
done
copy_formats
sum_stats
finish_snapshot >> "$TMP/snapshot.json"
_by=
if [ "$USE_TRACE_CMD" = yes ] && have trace-cmd; then
  if write_with_trace_cmd "$OUT"; then _by=', written by trace-cmd'; else say "record: trace-cmd failed, the file is written without it: $(tail -n 1 "$TMP/trace-cmd.log")"; fi
fi
if [ -z "$_by" ]; then write_dat "$OUT" || die 125 "cannot write $OUT"; fi
cat "$TMP/snapshot.json" > "$OUT.snapshot.json" || die 125 "cannot write $OUT.snapshot.json"
report "$_by"
if [ "$QUIET" = no ] && [ -s "$TMP/skipped" ] && [ "$LEVEL" = 3 ]; then cat "$TMP/skipped" >&2; fi
if [ "$CMD_STATUS" != 0 ]; then say "record: the command ended with status $CMD_STATUS"; fi
exit 0
