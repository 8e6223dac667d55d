// Rules: ops.dequeue() comes once for each custody, and never for a task that was dispatched directly.
import { TASK_IN_CUSTODY } from '../../kernel/flags.ts';
import { NO, type Tri, UNKNOWN, YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { defineRule, type RuleContext } from '../rule.ts';

const { scx_flags: SCX_FLAGS } = SLOT;

/** Is the event a call of ops.dequeue(), and not only of the core function around it? */
export function callsOp(event: TraceEvent): Tri {
  if (!event.hasSlot(SCX_FLAGS)) return UNKNOWN;
  return (event.scx_flags_lo & TASK_IN_CUSTODY) === 0 ? NO : YES;
}

const FLAGS_UNKNOWN = 'the trace does not say whether ops.dequeue() was called';

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
        const called = callsOp(event);
        if (step.task === undefined || !context.model.semantics.custody || called === NO) return;
        if (called === UNKNOWN || step.inCustodyBefore === UNKNOWN) {
          context.undecided(called === UNKNOWN ? FLAGS_UNKNOWN : 'not known whether the scheduler had the task');
          return;
        }
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
        const called = callsOp(event);
        if (called === UNKNOWN) {
          context.undecided(FLAGS_UNKNOWN);
          return;
        }
        context.checked();
        if (called === YES && step.inCustodyBefore === NO)
          report(context, event, step, 'it was dispatched directly in its last round');
      },
    };
  },
});
