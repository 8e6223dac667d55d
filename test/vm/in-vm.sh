#!/bin/bash
# Runs in a virtual machine with sched_ext, the kernel's example schedulers and a misbehaving one: records in every way there is and
# leaves the recordings and what tracefs looked like before and after in /o. Its arguments: the recording script, the program.
set -u
RECORD=$1
PROGRAM=$2
TRACEFS=/sys/kernel/tracing
# what records must run even when the scheduler under test does not
chrt -f -p 60 $$

state() {
  find "$TRACEFS" | sort
  for file in dynamic_events set_event current_tracer tracing_on trace_clock buffer_size_kb error_log; do
    echo "== $file"
    cat "$TRACEFS/$file"
  done
}

# NAME: compares tracefs with the beginning, into /o/NAME.tracefs (empty when nothing is different)
unchanged() {
  state > /tmp/after
  diff /tmp/before /tmp/after > "/o/$1.tracefs"
}

# NAME COMMAND...: runs the command, keeps what it says and its status
step() {
  name=$1
  shift
  "$@" > "/o/$name.out" 2>&1
  echo $? > "/o/$name.status"
  unchanged "$name"
  echo "step $name: status $(cat "/o/$name.status"), $(wc -l < "/o/$name.tracefs") lines of tracefs differ, uptime $(cut -d' ' -f1 /proc/uptime)"
  # what was found so far outlives a crash of the machine, where it has a command for that
  if command -v keep > /dev/null; then keep; fi
}

# loads a scheduler, gives it work, takes it away: SCHEDULER [ARGS...]
cat > /tmp/under <<'EOF'
#!/bin/bash
chrt -o 0 "$@" > "/o/$(basename "$1").log" 2>&1 &
scheduler=$!
for _ in $(seq 1 200); do [ "$(cat /sys/kernel/sched_ext/state)" = enabled ] && break; sleep 0.05; done
if [ "${WORK:-2000}" != 0 ]; then chrt -o 0 wl dur=${WORK:-2000} hog=4 slp=4 aff=1 frk=1; fi
[ -z "${PING:-}" ] || chrt -o 0 pp "$PING"
for _ in $(seq 1 ${GRACE:-0}); do kill -0 $scheduler 2> /dev/null || break; sleep 0.05; done
kill -INT $scheduler 2> /dev/null
wait $scheduler
exit 0
EOF
chmod +x /tmp/under

# loading a scheduler for the first time leaves a trace event of BPF in set_event
WORK=0 /tmp/under scx_simple
state > /tmp/before

# the fixed workload: round trips of a pipe on one CPU
WORK=0 PING=2000 step pingpong-none /tmp/under scx_simple

# without trace-cmd, level 1: healthy
PING=2000 step simple sh "$RECORD" -n -l 1 -o /o/simple.dat -- /tmp/under scx_simple
# with trace-cmd, level 2
step qmap sh "$RECORD" -l 2 -o /o/qmap.dat -- /tmp/under scx_qmap
# misbehaving
GRACE=100 step misb sh "$RECORD" -n -l 1 -o /o/misb.dat -- /tmp/under misb nonexist_dsq after=100
# the other levels, for their cost
WORK=0 PING=2000 step level0 sh "$RECORD" -n -l 0 -o /o/level0.dat -- /tmp/under scx_simple
WORK=0 PING=2000 step level2 sh "$RECORD" -n -l 2 -o /o/level2.dat -- /tmp/under scx_simple
WORK=0 PING=2000 step level3 sh "$RECORD" -n -l 3 -o /o/level3.dat -- /tmp/under scx_simple

# too large a buffer, no such clock: nothing is left behind
step toolarge sh "$RECORD" -b 999999999 -o /o/none.dat -d 1s
step noclock sh "$RECORD" -c sundial -o /o/none.dat -d 1s

# a signal while it is set up drops the recording, one while it runs ends it
interrupted() {
  setsid sh "$RECORD" -n -l 1 -o "$1" &
  pid=$!
  for _ in $(seq 1 6000); do
    if eval "$2"; then break; fi
    sleep 0.1
  done
  kill -TERM $pid
  wait $pid
}
step dropped interrupted /o/dropped.dat "grep -q scx/ $TRACEFS/dynamic_events"
step ended interrupted /o/ended.dat "[ \"\$(cat $TRACEFS/instances/scx-check/tracing_on 2> /dev/null)\" = 1 ] && sleep 12"

# killed, and cleaned up after
killed() {
  setsid sh "$RECORD" -n -l 1 -o /tmp/killed.dat &
  pid=$!
  for _ in $(seq 1 1200); do
    grep -q scx/ "$TRACEFS/dynamic_events" && break
    sleep 0.1
  done
  kill -KILL -- -$pid $pid
  wait $pid
  sh "$RECORD" -x
}
step killed killed

# the program itself
if [ -x "$(command -v node)" ] && [ -f "$PROGRAM" ]; then
  step program node "$PROGRAM" record --rules dsq-nonexistent,runnable-stall -o /o/program.dat -- /tmp/under scx_simple
  step replayed node "$PROGRAM" replay /o/program.dat
fi
cp /sys/kernel/tracing/saved_cmdlines /o/ 2> /dev/null
exit 0
