// Rule: a task whose slice is used up makes way for the next one.
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { slice: SLICE } = SLOT;

/** Ticks that a task may still run for after its slice is used up: kernel code may not be preemptible for a while. */
const TICKS = 25;

export const sliceOverrun = defineRule({
  id: 'slice-overrun',
  title: 'A task whose slice is used up is replaced while others wait on the local DSQ.',
  severity: 'warning',
  fn: 'task_tick_scx',
  needs: ['tick', 'switch', 'pick', 'dsq_link', 'dsq_unlink'],
  meaning: `A task ran on for ${TICKS} ticks after its slice was used up although another ext task waited on the local DSQ of its CPU.`,
  causes: ['kernel code that does not reschedule for a long time', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do; look at what the task executes.',
  create(context) {
    const ticks: number[] = [];
    const firstSeq: number[] = [];
    const firstTime: number[] = [];
    const reset = (rq: number): void => {
      ticks[rq] = 0;
    };
    return {
      tick(event, step) {
        const { rq, task } = step;
        if (rq === undefined || task === undefined || !event.hasSlot(SLICE)) return;
        context.checked();
        const waiting = rq.local?.head;
        if (event.slice_lo !== 0 || event.slice_hi !== 0 || waiting === undefined || waiting === task) {
          reset(rq.id);
          return;
        }
        const n = (ticks[rq.id] ?? 0) + 1;
        ticks[rq.id] = n;
        if (n === 1) {
          firstSeq[rq.id] = event.seq;
          firstTime[rq.id] = event.t;
        }
        if (n !== TICKS) return;
        context.report({
          verdict: 'possible',
          message: `${task.label} runs on CPU ${rq.id} since ${((event.t - (firstTime[rq.id] ?? event.t)) / 1e6).toFixed(1)} ms without a slice while ${waiting.label} waits on the local DSQ`,
          task,
          cpu: rq.id,
          began: firstSeq[rq.id] ?? -1,
          evidence: [
            { seq: firstSeq[rq.id] ?? -1, note: 'the slice is used up' },
            { seq: waiting.linkSeq, note: `${waiting.label} is put on the local DSQ` },
          ],
        });
      },
      pick: (event) => reset(event.rq),
      switch: (event) => reset(event.cpu),
      lost() {
        ticks.length = 0;
      },
    };
  },
});
