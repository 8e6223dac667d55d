// Makes a long violating trace: a scheduler is loaded, works for a long time without fault, and then violates a rule. The
// beginning and the end are those of a violating recording, what lies between is the middle of a healthy one, again and again,
// each time later and with tasks of its own. Losses lie between the parts: what one of them was in the middle of is not known to
// have ended.
import { closeSync, openSync, writeSync } from 'node:fs';
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { newTraceEvent, SLOT, type TraceEvent } from '../../src/trace/event.ts';
import { KIND } from '../../src/trace/vocabulary/index.ts';
import { WRITERS } from '../../src/writers/index.ts';

export interface LongTrace {
  readonly healthy: string;
  readonly violating: string;
  /** Events to reach before the violating recording begins. */
  readonly events: number;
}

/** Tasks of user space have larger pids; kernel threads are the same in each cycle. */
const FIRST_USER_PID = 300;
/** No recording has as many pids. */
const PIDS_PER_CYCLE = 20_000;
/** Pause between two parts, ns. */
const PAUSE = 1_000_000;

const PID_SLOTS = [SLOT.pid, SLOT.prev, SLOT.next, SLOT.curr, SLOT.parent, SLOT.old_pid, SLOT.to, SLOT.tgid];
const SCHED_SLOTS = [SLOT.sched, SLOT.prev_sched, SLOT.remote_activate_sched];

/** Writes the trace as JSON lines; returns the number of its events. */
export async function writeLongViolation(path: string, { healthy, violating, events }: LongTrace): Promise<number> {
  const first = await openTrace(await openInput(healthy));
  const last = await openTrace(await openInput(violating));
  const fd = openSync(path, 'w');
  let text = '';
  const flush = (): void => {
    writeSync(fd, text);
    text = '';
  };
  const writer = WRITERS.find(({ id }) => id === 'jsonl')?.create(
    {
      write(part) {
        text += part;
        if (text.length > 1 << 20) flush();
      },
    },
    [],
  );
  writer?.begin(last.header);
  const event = newTraceEvent();
  let written = 0;
  let now = 0;
  /** Writes the events `from..to` of a trace, so that the first of them comes `PAUSE` after the last one written. */
  const append = (trace: OpenTrace, from: number, to: number, edit: (event: TraceEvent) => void): void => {
    let shift: number | undefined;
    if (written > 0) {
      event.begin(KIND.lost);
      event.t = now;
      event.cpu = 0;
      writer?.event(event, 1_000_000_000n);
      written++;
    }
    trace.run({
      event(own) {
        if (own.seq < from) return true;
        if (own.seq >= to) return false;
        event.copy(own);
        shift ??= now + PAUSE - own.t;
        event.t = own.t + shift;
        now = event.t;
        edit(event);
        writer?.event(event, 1_000_000_000n);
        written++;
        return true;
      },
    });
  };
  const work = steadyPart(first);
  const load = steadyPart(last);
  append(last, 0, load.from, () => {});
  for (let cycle = 1; written < events; cycle++)
    append(first, work.from, work.to, (copy) => renumber(copy, cycle, load.sched));
  append(last, load.from, Number.POSITIVE_INFINITY, () => {});
  writer?.end();
  flush();
  closeSync(fd);
  return written;
}

interface Part {
  readonly from: number;
  readonly to: number;
  /** Id of the root scheduler, low half. */
  readonly sched: number;
}

/** What lies between the loading of the root scheduler and the first event of its end. */
function steadyPart(trace: OpenTrace): Part {
  let from = 0;
  let to = Number.POSITIVE_INFINITY;
  let sched = 0;
  trace.run({
    event(event) {
      if (event.type === 'sched_attach' && event.step === 'root_enable' && event.phase === 'end') from = event.seq + 1;
      if (event.type === 'sched_attach' && event.step === 'link') sched = event.sched_lo;
      const ends = event.type === 'sched_detach' || event.type === 'sched_exit';
      if (from > 0 && ends && to === Number.POSITIVE_INFINITY) to = event.seq;
      return true;
    },
  });
  return { from, to, sched };
}

function renumber(event: TraceEvent, cycle: number, sched: number): void {
  for (const slot of PID_SLOTS) {
    if (event.hasSlot(slot) && event.low(slot) >= FIRST_USER_PID)
      event.setInt(slot, event.low(slot) + cycle * PIDS_PER_CYCLE);
  }
  for (const slot of SCHED_SLOTS) {
    if (event.hasSlot(slot) && event.high(slot) === 0 && event.low(slot) > 0) event.setWide(slot, 0, sched);
  }
}
