// Rules: what must hold for every record of the load balancer, whatever other CPUs did meanwhile.
import type { TraceEvent } from '../../trace/event.ts';
import { defineRule, type RuleSpec } from '../rule.ts';

interface LbRule {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  /** What is wrong; '' nothing. `cpus`: CPUs of the node, -1 not known. */
  readonly test: (event: TraceEvent, cpus: number) => string;
}

/** What every record of the balancer says. */
export const LB_FIELDS = [
  'nr_cpus',
  'nr_tasks',
  'nr_balanced',
  'before_min',
  'before_max',
  'after_min',
  'after_max',
] as const;

function lbRule({ test, ...rule }: LbRule): RuleSpec {
  return defineRule({
    ...rule,
    severity: 'error',
    since: '6.19',
    fn: 'bypass_lb_node, tracepoint sched_ext_bypass_lb',
    needs: ['bypass_lb'],
    causes: ['an altered trace', 'a kernel bug in the load balancer'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
    create(context) {
      const { header } = context.model;
      const cpusOf = (node: number): number => {
        const known = header.cpus.filter((cpu) => cpu.node === node).length;
        return known > 0 ? known : (header.possible?.size ?? -1);
      };
      return {
        bypass_lb(event) {
          if (event.step === 'timer') return;
          if (!LB_FIELDS.every((field) => event.has(field))) {
            context.undecided('the record does not hold all its numbers');
            return;
          }
          context.checked();
          const wrong = test(event, cpusOf(event.node));
          if (wrong !== '') context.report({ verdict: 'violation', message: `node ${event.node}: ${wrong}` });
        },
      };
    },
  });
}

export const lbMinmax = lbRule({
  id: 'lb-minmax',
  title: 'The shortest bypass DSQ of a record is not longer than the longest.',
  meaning: 'A record of the balancer has a minimum above its maximum, which come from the same reads.',
  test: (event) => {
    if (event.before_min > event.before_max) return `min ${event.before_min} > max ${event.before_max} before`;
    return event.after_min > event.after_max ? `min ${event.after_min} > max ${event.after_max} afterwards` : '';
  },
});

export const lbSum = lbRule({
  id: 'lb-sum',
  title: 'The number of tasks of a record lies between what its shortest and longest bypass DSQ allow.',
  meaning: 'The sum, the minimum and the maximum of a record come from the same reads and contradict each other.',
  test: (event) => {
    const others = event.nr_cpus - 1;
    const least = event.before_max + others * event.before_min;
    const most = event.before_min + others * event.before_max;
    return event.nr_tasks < least || event.nr_tasks > most
      ? `${event.nr_tasks} tasks on ${event.nr_cpus} CPUs with ${event.before_min} to ${event.before_max} each`
      : '';
  },
});

export const lbCpus = lbRule({
  id: 'lb-cpus',
  title: 'A record counts at least one CPU, and no more than the node has.',
  meaning: 'A record of the balancer counts CPUs that the node does not have.',
  test: (event, cpus) =>
    event.nr_cpus < 1 || (cpus >= 0 && event.nr_cpus > cpus) ? `${event.nr_cpus} CPUs, the node has ${cpus}` : '',
});

export const lbTrivial = lbRule({
  id: 'lb-trivial',
  title: 'With one CPU, or without tasks, nothing is balanced.',
  meaning: 'The balancer counts moved tasks although there was nobody to move, or nowhere to move them to.',
  test: (event) =>
    (event.nr_cpus === 1 || event.nr_tasks === 0) && event.nr_balanced > 0
      ? `${event.nr_balanced} tasks moved with ${event.nr_tasks} tasks on ${event.nr_cpus} CPUs`
      : '',
});

export const LB_RECORD_RULES: readonly RuleSpec[] = [lbMinmax, lbSum, lbCpus, lbTrivial];
