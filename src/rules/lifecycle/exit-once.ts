// Rule: an instance ends once.
import type { Sched } from '../../model/sched.ts';
import { defineRule } from '../rule.ts';

export const exitOnce = defineRule({
  id: 'exit-once',
  title: 'The exit of an instance is claimed once.',
  severity: 'error',
  fn: 'scx_claim_exit, tracepoint sched_ext_exit',
  needs: ['sched_exit', 'sched_attach'],
  meaning: 'Two exits of one scheduler instance succeeded, though only the first claim counts.',
  causes: ['an event is doubled in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const claimed = new Map<Sched, number>();
    const notified = new Map<string, number>();
    const report = (what: string, sched: Sched | undefined, first: number): void =>
      context.report({
        verdict: 'violation',
        message: `scheduler ${sched?.label ?? '?'} ends a second time (${what})`,
        sched,
        began: first,
        evidence: [{ seq: first, note: 'the first time' }],
      });
    return {
      sched_exit(event, step) {
        const { sched } = step;
        const won = event.step === 'claim' && (event.phase === '' || (event.phase === 'end' && event.ret > 0));
        if (won && sched !== undefined) {
          context.checked();
          const first = claimed.get(sched);
          if (first === undefined) claimed.set(sched, event.seq);
          else report('claim', sched, first);
        } else if (event.step === 'notify') {
          // Instances of one name are told apart by their cgroups.
          if (!event.has('path') && context.model.scheds.some((sched) => !sched.isRoot)) {
            context.undecided('ends whose cgroup is not recorded');
            return;
          }
          context.checked();
          const key = `${event.name}\n${event.path}`;
          const first = notified.get(key);
          if (first === undefined) notified.set(key, event.seq);
          else report('tracepoint', sched, first);
        }
      },
      // A restart uses the name again.
      sched_attach(event, step) {
        if (event.step !== 'alloc' && event.step !== 'link' && event.step !== 'root_enable') return;
        if (step.sched !== undefined) claimed.delete(step.sched);
        notified.clear();
      },
      lost() {
        claimed.clear();
        notified.clear();
      },
    };
  },
});
