// Rule: weights are those of the kernel's table.
import { WEIGHT_MAX, WEIGHT_MIN, weightFromLoad, weightFromPolicy } from '../../kernel/weight.ts';
import type { Task } from '../../model/task.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

/** Fair load weights are kept with this many more bits on 64-bit machines (SCHED_FIXEDPOINT_SHIFT). */
const LOAD_SCALE = 1024;

export const weightRange = defineRule({
  id: 'weight-range',
  title: 'The weight of a task is the one that its policy and nice value give, within 1 to 10000.',
  severity: 'error',
  fn: 'scx_enable_task, reweight_task_scx',
  needs: [['task_enable', 'weight']],
  partOf: ['weight-mapping'],
  meaning:
    'The core computes p->scx.weight from the fair load weight. Another value means that the trace or the kernel is wrong, and every charge with it.',
  causes: ['a damaged or hand-written trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: it only reads the weight.',
  create(context) {
    /** Expected weight and event that tells it, by pid; a load weight may be written with or without its scale. */
    const expected = new Map<number, { weight: number; unscaled: number; seq: number }>();
    const check = (event: TraceEvent, task: Task | undefined): void => {
      if (!event.has('weight') || task === undefined) return;
      context.checked();
      const { weight } = event;
      const known = expected.get(event.pid);
      expected.delete(event.pid);
      const inRange = weight >= WEIGHT_MIN && weight <= WEIGHT_MAX;
      if (inRange && (known === undefined || known.weight === weight || known.unscaled === weight)) return;
      context.report({
        verdict: 'violation',
        class: inRange ? 'table' : 'range',
        message: inRange
          ? `the weight of ${task.label} is ${weight}; its policy and nice value give ${known?.weight}`
          : `the weight of ${task.label} is ${weight}, outside ${WEIGHT_MIN}..${WEIGHT_MAX}`,
        task,
        began: known?.seq ?? -1,
        evidence: known === undefined ? [] : [{ seq: known.seq, note: 'what it follows from' }],
        details: { weight, expected: known?.weight ?? null },
      });
    };
    return {
      task_enable(event, step) {
        if (event.phase !== 'end' && event.has('policy') && event.has('static_prio')) {
          const weight = weightFromPolicy(event.policy, event.static_prio);
          if (weight !== undefined) expected.set(event.pid, { weight, unscaled: weight, seq: event.seq });
        }
        if (event.phase !== 'begin') check(event, step.task);
      },
      weight(event, step) {
        // The weight of a task that leaves sched_ext stays, and is computed anew should it come back.
        if (step.task?.isSurelyNot(context.model.semantics.taskStates.enabled) === true) return;
        if (event.phase !== 'end' && event.has('load_weight')) {
          const load = Number(event.value('load_weight'));
          const weight = weightFromLoad(load / LOAD_SCALE);
          expected.set(event.pid, { weight, unscaled: weightFromLoad(load), seq: event.seq });
          // The weight at the begin is the old one.
          if (event.phase === 'begin') return;
        }
        check(event, step.task);
      },
      lost: () => expected.clear(),
    };
  },
});
