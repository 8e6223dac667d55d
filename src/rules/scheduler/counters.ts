// Rules: the event counters (SCX_EV_*) only grow, and count what the trace shows.
import { defineRule } from '../rule.ts';

const LINE = /^\s*(SCX_EV_\w+): +(-?\d+)$/;
/** First line of a dump where there are sub-schedulers. */
const OWNER = /^.*: (root|sub\d+-\d+ .*)$/s;
const HEADER = /triggered (?:exit kind|by) /;
/** Its value is read from the clock twice, once for the counter and once for the trace. */
const NOT_EXACT: ReadonlySet<string> = new Set(['SCX_EV_BYPASS_DURATION']);

/** Values that a dump shows. */
function parseLine(text: string): { name: string; value: number } | undefined {
  const match = LINE.exec(text);
  const [, name, value] = match ?? [];
  return name === undefined || value === undefined ? undefined : { name, value: Number(value) };
}

export const counterMonotone = defineRule({
  id: 'counter-monotone',
  title: 'Event counters of one instance only grow.',
  severity: 'error',
  since: '6.15',
  fn: 'scx_add_event',
  needs: [['scx_event', 'dump']],
  meaning: 'A counter was decremented, or is lower in a later dump of the same instance.',
  causes: ['an altered trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    // Values of the instance that the dump is about; instances are told apart by its first line.
    const dumps = new Map<string, Map<string, { value: number; seq: number }>>();
    let last: Map<string, { value: number; seq: number }> | undefined;
    const forget = (): void => {
      dumps.clear();
      last = undefined;
    };
    const attachesShown = context.model.records('sched_attach');
    return {
      scx_event(event) {
        context.checked();
        if (event.delta_hi >= 0) return;
        context.report({ verdict: 'violation', message: `counter ${event.name} is decremented` });
      },
      dump(event) {
        const owner = OWNER.exec(event.text)?.[1] ?? (HEADER.test(event.text) && last === undefined ? '' : undefined);
        if (owner !== undefined) {
          last = dumps.get(owner) ?? new Map();
          dumps.set(owner, last);
        }
        const line = parseLine(event.text);
        if (line === undefined) return;
        if (last === undefined || !attachesShown) {
          context.undecided('not known which instance the dump is about');
          return;
        }
        context.checked();
        const before = last.get(line.name);
        last.set(line.name, { value: line.value, seq: event.seq });
        if (before === undefined || before.value <= line.value) return;
        context.report({
          verdict: 'violation',
          message: `counter ${line.name} is ${line.value}, it was ${before.value} in an earlier dump`,
          began: before.seq,
          evidence: [{ seq: before.seq, note: 'the earlier dump' }],
        });
      },
      sched_attach: forget,
      lost: forget,
    };
  },
});

export const counterConsistency = defineRule({
  id: 'counter-consistency',
  title: 'Event counters count what the tracepoint sched_ext_event shows.',
  severity: 'error',
  since: '6.15',
  fn: 'scx_add_event, scx_dump_state',
  needs: ['scx_event', 'dump', 'sched_attach'],
  meaning: 'A dump shows another value of a counter than the records of its increments add up to.',
  causes: ['records are missing in the trace', 'a kernel bug'],
  avoid: 'Record the tracepoint sched_ext_event on all CPUs from before the scheduler is loaded.',
  create(context) {
    /** Sums since the only instance was made; undefined: not counted from the beginning, or of several instances. */
    let sums: Map<string, number> | undefined;
    let atHeader = new Map<string, number>();
    let alive = 0;
    const slack = context.model.header.possible?.size ?? 1;
    return {
      sched_attach(event) {
        if (event.step !== 'alloc') return;
        alive++;
        // Only the root comes when nobody is there; another may find instances that the trace does not show.
        const isFirst = event.has('level') ? event.level === 0 : !context.model.startsMidRun;
        sums = alive === 1 && isFirst ? new Map() : undefined;
      },
      sched_detach(event) {
        if (event.step !== 'unlink') return;
        alive = Math.max(0, alive - 1);
        sums = undefined;
      },
      lost() {
        sums = undefined;
      },
      scx_event(event) {
        if (sums !== undefined) sums.set(event.name, (sums.get(event.name) ?? 0) + Number(event.value('delta')));
      },
      dump(event) {
        if (sums === undefined) return;
        if (HEADER.test(event.text)) atHeader = new Map(sums);
        const line = parseLine(event.text);
        if (line === undefined || NOT_EXACT.has(line.name)) return;
        context.checked();
        // The counters are read while other CPUs go on counting.
        const least = atHeader.get(line.name) ?? 0;
        const most = (sums.get(line.name) ?? 0) + slack;
        if (line.value >= least - slack && line.value <= most) return;
        context.report({
          verdict: 'violation',
          message: `counter ${line.name} is ${line.value} in the dump, the trace shows ${sums.get(line.name) ?? 0} increments`,
        });
      },
    };
  },
});
