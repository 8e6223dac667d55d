// Rule: a CPU switches away from the task that it switched to before.
import { YES } from '../../model/sched.ts';
import { defineRule } from '../rule.ts';

export const switchChainBroken = defineRule({
  id: 'switch-chain-broken',
  title: 'A CPU switches away from the task that it switched to before.',
  severity: 'error',
  fn: '__schedule',
  needs: ['switch'],
  disturbance: true,
  meaning: 'Two consecutive switches of a CPU do not fit together: the recording misses a switch, or is out of order.',
  causes: [
    'records were lost without a mark',
    'a filter of the recording left the switches of some tasks out',
    'the trace was cut or merged wrongly',
  ],
  avoid: 'Record all tasks, with larger buffers; keep the loss counters with the trace.',
  create(context) {
    const hotplugRecorded = context.model.header.recorded?.has('cpu_offline') === true;
    const filtered = context.model.header.mayBeFiltered === true;
    // Formats that leave the previous task out have it filled in from the switch before: nothing can be checked.
    const inferred = context.model.header.features.has('inferred:prev');
    return {
      switch(event, step) {
        if (step.switchSeqBefore < 0 || step.currBefore < 0) return;
        if (inferred) {
          context.undecided('the format does not record the task that is switched away from');
          return;
        }
        if (step.currBefore === event.prev) {
          context.checked();
          return;
        }
        // A CPU that was unplugged ends in its stopper and begins anew in its idle task.
        const before = context.model.findTask(step.currBefore)?.comm ?? '';
        const mayBeUnplugged = !hotplugRecorded || step.cpu?.isRqOnline !== YES;
        if (event.prev === 0 && (before.startsWith('migration/') || (before === '' && mayBeUnplugged))) {
          context.undecided('a CPU seems to have been unplugged');
          return;
        }
        context.checked();
        context.report({
          // Without a record of it, a thread that took its leader's pid by execve looks the same.
          verdict: filtered ? 'inconclusive' : context.model.records('exec') ? 'violation' : 'possible',
          message: `CPU ${event.cpu} switches away from pid ${event.prev}, but it had switched to pid ${step.currBefore}`,
          ...(filtered ? { note: 'unless a filter of the recording left the switches of some tasks out' } : {}),
          task: step.prev,
          cpu: event.cpu,
          began: step.switchSeqBefore,
          evidence: [{ seq: step.switchSeqBefore, note: 'the switch before' }],
        });
      },
    };
  },
});
