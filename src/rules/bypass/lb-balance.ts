// Rules: what a record of the load balancer shows when the lengths stayed what they were during the pass.
import { lbThreshold } from '../../model/bypass-lb-walk.ts';
import { MISPREDICTED, PREDICTED } from '../../model/step.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { defineRule, type RuleSpec } from '../rule.ts';
import { LB_FIELDS } from './lb-record.ts';

/** Lengths are read without locks: so much may they have changed during a pass. */
function slackOf(event: TraceEvent): number {
  return event.nr_cpus * 4 + Math.ceil(event.nr_tasks / 10);
}

interface Figures {
  /** Target of each CPU, target of donors, least surplus. */
  readonly target: number;
  readonly donorTarget: number;
  readonly threshold: { readonly lo: number; readonly hi: number };
  readonly slack: number;
}

interface SoftRule {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  /** The least surplus of a donor decides, which follows from the interval of the balancer. */
  readonly bySurplus?: boolean;
  readonly test: (event: TraceEvent, figures: Figures) => string;
}

function softRule({ test, bySurplus = false, ...rule }: SoftRule): RuleSpec {
  return defineRule({
    ...rule,
    severity: 'warning',
    since: '6.19',
    fn: 'bypass_lb_node, bypass_lb_cpu',
    needs: ['bypass_lb'],
    causes: ['bypass DSQs changed a lot during the pass', 'an altered trace', 'a kernel bug in the load balancer'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
    create(context) {
      return {
        bypass_lb(event, step) {
          if (event.step === 'timer') return;
          if (!LB_FIELDS.every((field) => event.has(field))) {
            context.undecided('the record does not hold all its numbers');
            return;
          }
          // The model has followed every move: the record is what it had to be.
          if (step.outcome === PREDICTED) {
            context.checked();
            return;
          }
          const threshold = lbThreshold(context.model);
          const target = Math.ceil(event.nr_tasks / Math.max(1, event.nr_cpus));
          const figures = { target, donorTarget: Math.ceil((target * 125) / 100), threshold, slack: slackOf(event) };
          const wrong = test(event, figures);
          if (wrong === '' && bySurplus && threshold.lo !== threshold.hi) {
            context.undecided('the interval of the balancer is not known, and with it the least surplus of a donor');
            return;
          }
          context.checked();
          if (wrong !== '') context.report({ verdict: 'possible', message: `node ${event.node}: ${wrong}` });
        },
      };
    },
  });
}

export const LB_BALANCE_RULES: readonly RuleSpec[] = [
  softRule({
    id: 'lb-needed',
    bySurplus: true,
    title: 'Tasks are moved only when one CPU has a surplus and another one room.',
    meaning: 'The balancer moved tasks although no bypass DSQ was long enough, or none short enough.',
    test: (event, { target, donorTarget, threshold, slack }) =>
      event.nr_balanced > 0 &&
      (event.before_max + slack < donorTarget + threshold.lo || event.before_min >= target + slack)
        ? `${event.nr_balanced} tasks moved with ${event.before_min} to ${event.before_max} tasks each; ${donorTarget + threshold.lo} and less than ${target} are needed`
        : '',
  }),
  softRule({
    id: 'lb-missed',
    bySurplus: true,
    title: 'Tasks are moved when one CPU has a surplus and another one room, unless none of them may move.',
    meaning: 'The balancer moved nothing although one bypass DSQ was long and another one short.',
    test: (event, { target, donorTarget, threshold, slack }) =>
      event.nr_balanced === 0 &&
      event.before_max >= donorTarget + threshold.hi + slack &&
      event.before_min + slack < target
        ? `nothing moved with ${event.before_min} to ${event.before_max} tasks each; the tasks may be pinned, migration-disabled or of another run queue`
        : '',
  }),
  softRule({
    id: 'lb-upper',
    title: 'No more tasks are moved than donors have to give and donees have room for.',
    meaning: 'The balancer counts more moved tasks than the lengths of the record allow.',
    test: (event, { target, donorTarget, slack }) => {
      const others = event.nr_cpus - 1;
      const most = Math.min(
        event.nr_tasks - donorTarget,
        others * (event.before_max - donorTarget),
        others * (target - event.before_min),
      );
      return event.nr_balanced > Math.max(0, most) + slack
        ? `${event.nr_balanced} tasks moved, at most ${most} could be`
        : '';
    },
  }),
  softRule({
    id: 'lb-after-max',
    title: 'Balancing makes the longest bypass DSQ no longer.',
    meaning: 'The longest bypass DSQ was longer after the pass than before.',
    test: (event, { slack }) =>
      event.after_max > event.before_max + slack ? `max ${event.before_max} → ${event.after_max}` : '',
  }),
  softRule({
    id: 'lb-after-min',
    title: 'Balancing makes the shortest bypass DSQ no shorter.',
    meaning: 'The shortest bypass DSQ was shorter after the pass than before.',
    test: (event, { slack }) =>
      event.after_min + slack < event.before_min ? `min ${event.before_min} → ${event.after_min}` : '',
  }),
  softRule({
    id: 'lb-mean',
    title: 'After balancing the mean length lies between the shortest and the longest bypass DSQ.',
    meaning: 'The lengths after the pass do not fit the number of tasks before.',
    test: (event, { slack }) => {
      const mean = event.nr_tasks / Math.max(1, event.nr_cpus);
      return event.after_min > mean + slack || event.after_max + slack < mean
        ? `${event.after_min} to ${event.after_max} tasks each afterwards, the mean is ${mean.toFixed(1)}`
        : '';
    },
  }),
];

/** With one donor and no masks the number of moves is exact; the model, which knows donors and masks, compares it. */
export const lbExact = defineRule({
  id: 'lb-exact-one-donor',
  title: 'The balancer moves the tasks that follow from its bypass DSQs, masks and targets.',
  severity: 'warning',
  since: '6.19',
  fn: 'bypass_lb_node, bypass_lb_cpu',
  needs: ['bypass_lb', 'dsq_link', 'dsq_unlink', 'sched_attach'],
  meaning:
    'The moves of a pass, task by task, or the lengths of its record are not those that the bypass DSQs, the masks and the targets lead to, even allowing for reads without locks.',
  causes: ['parameters of the balancer were changed while recording', 'an event is missing or altered', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      bypass_lb(event, step) {
        if (event.step === 'timer') return;
        if (step.outcome === PREDICTED) context.checked();
        if (step.outcome !== MISPREDICTED) return;
        context.checked();
        context.report({
          verdict: 'possible',
          message: `node ${event.node}: ${step.reason}; the record says ${event.nr_tasks} tasks, ${event.nr_balanced} moved, min ${event.before_min} → ${event.after_min}, max ${event.before_max} → ${event.after_max}`,
          began: step.cpu?.lbPass?.startSeq ?? -1,
          evidence: [{ seq: step.cpu?.lbPass?.startSeq ?? -1, note: 'the pass begins' }],
        });
      },
    };
  },
});
