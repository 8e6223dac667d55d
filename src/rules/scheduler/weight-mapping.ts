// Rule: the weight of a task follows from its nice value.

import { isWeightOfLoad, WEIGHT_MAX, WEIGHT_MIN } from '../../kernel/limits.ts';
import { SLOT } from '../../trace/event.ts';
import { toNumber } from '../../trace/u64.ts';
import { defineRule } from '../rule.ts';

const { load_weight: LOAD_WEIGHT, weight: WEIGHT } = SLOT;

export const weightMapping = defineRule({
  id: 'weight-mapping',
  title: 'Weights are between 1 and 10000, and follow from the weight of the nice value.',
  severity: 'error',
  fn: 'reweight_task_scx, sched_weight_to_cgroup',
  needs: [['weight', 'task_enable', 'ops_enqueue']],
  meaning: 'A task has a weight that no nice value leads to.',
  causes: ['an altered trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    /** Load weight of the change under way, by CPU; 0 none. */
    const loads: number[] = [];
    const beganSeq: number[] = [];
    const checkRange = (weight: number, pid: number): void => {
      context.checked();
      if (weight >= WEIGHT_MIN && weight <= WEIGHT_MAX) return;
      context.report({
        verdict: 'violation',
        class: 'range',
        message: `weight ${weight} of pid ${pid} is not within ${WEIGHT_MIN}..${WEIGHT_MAX}`,
        task: context.model.findTask(pid),
      });
    };
    return {
      weight(event, step) {
        const load = event.hasSlot(LOAD_WEIGHT) ? toNumber(event.load_weight_hi, event.load_weight_lo) : 0;
        if (event.phase === 'begin') {
          loads[event.cpu] = load;
          beganSeq[event.cpu] = event.seq;
          return;
        }
        if (!event.hasSlot(WEIGHT)) return;
        checkRange(event.weight, event.pid);
        const given = event.phase === '' ? load : (loads[event.cpu] ?? 0);
        loads[event.cpu] = 0;
        if (given === 0 || isWeightOfLoad(event.weight, given)) return;
        // The weight of a task that leaves sched_ext stays, and is computed anew should it come back.
        if (step.task?.isSurelyNot(context.model.semantics.taskStates.enabled) === true) return;
        context.report({
          verdict: 'violation',
          class: 'mapping',
          message: `the weight of ${step.task?.label ?? `pid ${event.pid}`} is ${event.weight}, its load weight ${given} gives another`,
          task: step.task,
          began: event.phase === '' ? -1 : (beganSeq[event.cpu] ?? -1),
          evidence: event.phase === '' ? [] : [{ seq: beganSeq[event.cpu] ?? -1, note: 'the new load weight' }],
        });
      },
      lost() {
        loads.length = 0;
      },
      'ops_enqueue:call'(event) {
        if (event.hasSlot(WEIGHT)) checkRange(event.weight, event.pid);
      },
      'task_enable:return'(event) {
        if (event.hasSlot(WEIGHT)) checkRange(event.weight, event.pid);
      },
    };
  },
});
