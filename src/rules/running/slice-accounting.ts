// Rule: a running task uses up its slice as time passes, and gets none back unasked.

import { jiffiesLagNs } from '../../model/stall.ts';
import { SLOT } from '../../trace/event.ts';
import { toNumber } from '../../trace/u64.ts';
import { defineRule } from '../rule.ts';

const { slice: SLICE, pid: PID } = SLOT;

/** SCX_SLICE_INF and beyond what a double keeps: never used up. */
const HUGE = 2 ** 53;

interface Charge {
  pid: number;
  slice: number;
  seq: number;
  /** The clock of the run queue was read after this time. */
  floor: number;
}

export const sliceAccounting = defineRule({
  id: 'slice-accounting',
  title: 'The slice of a running task shrinks by the time that it ran, and grows only when it is written.',
  severity: 'warning',
  fn: 'update_curr_scx',
  needs: ['update_curr', 'run', 'set_slice', 'pick'],
  meaning:
    'Between two charges the slice of a running task grew, or shrank by more than the time that passed, and no write of it was recorded.',
  causes: ['a BPF program stores p->scx.slice directly', 'an event is missing or altered in the trace'],
  avoid: 'Write slices with scx_bpf_task_set_slice(), which the trace shows.',
  create(context) {
    const charges: (Charge | undefined)[] = [];
    /** Tasks whose slice a scheduler asked to write: where it does not hold their rq, the core does so when they run (7.3). */
    const asked = new Set<number>();
    const set = (rq: number, pid: number, slice: number, seq: number, floor: number): void => {
      const charge = charges[rq];
      if (charge === undefined) charges[rq] = { pid, slice, seq, floor };
      else {
        charge.pid = pid;
        charge.slice = slice;
        charge.seq = seq;
        charge.floor = floor;
      }
    };
    return {
      run(event, step) {
        // Without a value, whoever ran there before is forgotten all the same.
        const pid = event.hasSlot(SLICE) && !asked.delete(event.pid) ? event.pid : -1;
        set(event.rq, pid, toNumber(event.slice_hi, event.slice_lo), event.seq, step.cpu?.entryTime ?? 0);
      },
      update_curr(event, step) {
        const slice = toNumber(event.slice_hi, event.slice_lo);
        const before = charges[event.rq];
        if (asked.size > 0 && asked.delete(event.pid)) {
          // Written before it was charged.
        } else if (before !== undefined && before.pid === event.pid && before.slice < HUGE) {
          context.checked();
          const used = before.slice - slice;
          const elapsed = event.t - before.floor;
          if (used < 0 || (slice > 0 && used > elapsed + jiffiesLagNs(context.model))) {
            context.report({
              verdict: 'possible',
              class: used < 0 ? 'grown' : 'shrunk',
              message:
                used < 0
                  ? `the slice of ${step.task?.label ?? ''} grew by ${-used} ns while it ran, and no write of it was seen`
                  : `the slice of ${step.task?.label ?? ''} shrank by ${used} ns in at most ${elapsed} ns, and no write of it was seen`,
              task: step.task,
              cpu: event.rq,
              began: before.seq,
              evidence: [{ seq: before.seq, note: `slice ${before.slice}` }],
            });
          }
        }
        set(event.rq, event.pid, slice, event.seq, step.cpu?.entryTime ?? 0);
      },
      set_slice(event) {
        for (const charge of charges) if (charge?.pid === event.pid) charge.pid = -1;
        if (event.step !== 'core') asked.add(event.pid);
      },
      'pick:return'(event, step) {
        // Who runs on may have got a new slice; who is replaced is charged once more.
        const charge = charges[event.rq];
        if (charge === undefined) return;
        const isPicked = charge.pid === event.pid;
        if (!isPicked && (event.hasSlot(PID) || event.verdict === 'none')) return;
        if (isPicked && event.hasSlot(SLICE))
          set(event.rq, event.pid, toNumber(event.slice_hi, event.slice_lo), event.seq, step.cpu?.entryTime ?? 0);
        else charge.pid = -1;
      },
      lost() {
        charges.length = 0;
        asked.clear();
      },
    };
  },
});
