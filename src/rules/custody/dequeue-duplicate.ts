// Rules: ops.dequeue() comes once for each custody, and never for a task that was dispatched directly.
import { TASK_IN_CUSTODY } from '../../kernel/flags.ts';
import { NO } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { defineRule, type RuleContext } from '../rule.ts';

/** The event is a call of ops.dequeue(), not only of the core function around it. */
export function callsOp(event: TraceEvent): boolean {
  return !event.has('scx_flags') || (event.scx_flags_lo & TASK_IN_CUSTODY) !== 0;
}

function report(context: RuleContext, event: TraceEvent, step: Step, why: string): void {
  const { task } = step;
  context.report({
    verdict: 'violation',
    message: `ops.dequeue() of ${task?.label ?? `pid ${event.pid}`}: ${why}`,
    task,
    cpu: event.rq,
    began: step.inCustodySeqBefore,
    evidence: step.inCustodySeqBefore < 0 ? [] : [{ seq: step.inCustodySeqBefore, note: 'custody ended here' }],
  });
}

export const dequeueDuplicate = defineRule({
  id: 'dequeue-duplicate',
  title: 'ops.dequeue() comes once for each time that the scheduler took custody.',
  severity: 'error',
  since: '7.1',
  fn: 'call_task_dequeue',
  needs: ['ops_enqueue', 'ops_dequeue', 'dsq_link'],
  disturbance: true,
  meaning: 'The scheduler was told a second time that it lost a task, without having had it in between.',
  causes: ['an ops.enqueue() is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      ops_dequeue(event, step) {
        if (step.task === undefined || !context.model.semantics.custody || !callsOp(event)) return;
        context.checked();
        if (step.inCustodyBefore === NO && !step.task.dispatchedDirectly)
          report(context, event, step, 'the scheduler was told before, and has not had the task since');
      },
    };
  },
});

export const directDispatchDequeue = defineRule({
  id: 'direct-dispatch-dequeue',
  title: 'A task that was dispatched directly to a local or global DSQ was never in custody: no ops.dequeue() follows.',
  severity: 'error',
  since: '7.1',
  fn: 'call_task_dequeue, direct_dispatch',
  needs: ['ops_enqueue', 'ops_dequeue', 'dsq_link'],
  disturbance: true,
  meaning:
    'The scheduler was told that it lost a task that it had handed out itself from ops.enqueue() or ops.select_cpu().',
  causes: ['an event is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      ops_dequeue(event, step) {
        const { task } = step;
        if (task === undefined || !context.model.semantics.custody || !task.dispatchedDirectly) return;
        context.checked();
        if (callsOp(event) && step.inCustodyBefore === NO)
          report(context, event, step, 'it was dispatched directly in its last round');
      },
    };
  },
});
