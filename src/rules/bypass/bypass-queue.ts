// Rule: bypass mode queues tasks where bypass mode serves them.

import { NO, YES } from '../../model/sched.ts';
import { SLOT } from '../../trace/event.ts';
import { toNumber } from '../../trace/u64.ts';
import { defineRule } from '../rule.ts';

const { sticky_cpu: STICKY_CPU } = SLOT;

export const bypassQueue = defineRule({
  id: 'bypass-queue',
  title: 'Tasks of a bypassing instance are enqueued on a bypass DSQ with the bypass slice, and no others are.',
  severity: 'error',
  since: '6.19',
  fn: 'scx_do_enqueue_task, bypass_enq_target_dsq',
  needs: ['bypass', 'ops_enqueue', 'dsq_link'],
  disturbance: true,
  meaning:
    'A task was queued as if its scheduler bypassed while it did not, or the other way round: nobody may serve it there.',
  causes: ['an event is missing or altered in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const param = Number(context.model.header.params.get('slice_bypass_us') ?? Number.NaN);
    const sliceNs = Number.isFinite(param) ? param * 1000 : 0;
    /** Beginning of the enqueue under way, by CPU. */
    const beganSeq: number[] = [];
    return {
      ops_enqueue(event, step) {
        const { task, rq, cpu } = step;
        if (cpu === undefined) return;
        if (event.phase === 'begin') {
          // The core puts tasks that it moves, and those on run queues that go down, on the local DSQ.
          const moved = !event.hasSlot(STICKY_CPU) || event.sticky_cpu >= 0;
          beganSeq[cpu.id] = moved ? -1 : event.seq;
          return;
        }
        const began = beganSeq[cpu.id] ?? -1;
        const owner = task?.sched;
        const dsq = task?.dsq;
        if (
          began < 0 ||
          task === undefined ||
          rq === undefined ||
          owner === undefined ||
          dsq === undefined ||
          dsq === null
        )
          return;
        if (task.linkSeq < began || rq.isRqOnline !== YES) return;
        // An ancestor that bypasses takes its descendants along.
        if (owner.level > 0 && owner.parent === undefined) return;
        const bypassing = owner.isBypassing(rq.id);
        if (bypassing !== YES && bypassing !== NO) return;
        context.checked();
        const report = (cls: string, message: string): void =>
          context.report({
            verdict: 'violation',
            class: cls,
            message,
            task,
            cpu: rq.id,
            dsq: dsq.name,
            sched: owner,
            began: owner.bypassSeq,
            evidence: [
              { seq: owner.bypassSeq, note: 'bypass mode' },
              { seq: task.linkSeq, note: `${task.label} is put on the DSQ` },
            ],
          });
        if (bypassing === YES && !dsq.isBypass)
          report(
            'not-bypassed',
            `${task.label} is enqueued on DSQ ${dsq.name} of CPU ${rq.id}, where ${owner.label} bypasses`,
          );
        else if (bypassing === NO && dsq.isBypass)
          report(
            'bypassed',
            `${task.label} is enqueued on DSQ ${dsq.name}, and ${owner.label} does not bypass on CPU ${rq.id}`,
          );
        else if (bypassing === YES && dsq.cpu >= 0 && dsq.cpu !== rq.id)
          report('wrong-cpu', `${task.label} on CPU ${rq.id} is enqueued on DSQ ${dsq.name}`);
        else if (
          bypassing === YES &&
          sliceNs > 0 &&
          task.sliceKnown &&
          !task.isProtected &&
          toNumber(task.slice.hi, task.slice.lo) !== sliceNs
        )
          report(
            'slice',
            `${task.label} gets a slice of ${toNumber(task.slice.hi, task.slice.lo)} ns in bypass mode, ${sliceNs} is set`,
          );
      },
      lost() {
        beganSeq.length = 0;
      },
    };
  },
});
